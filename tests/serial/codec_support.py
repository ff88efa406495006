"""What the tests of the codec share: a round trip, and the comparison of graphs."""

import datetime
import decimal
import fractions
import functools
import types
import uuid
from collections import deque

from kwf_runtime.core.traps import Trap
from kwf_runtime.serial import dumps, loads, register

_BY_VALUE = (
    type(None), bool, int, float, complex, str, bytes, type, range, decimal.Decimal, fractions.Fraction, uuid.UUID,
    datetime.datetime, datetime.date, datetime.time, datetime.timedelta,
)  # fmt: skip
"""Types without identity: equal ones may be shared after a load or not."""


class Asked(Trap):
    """A future that the test settles; what compiled code awaits."""

    def __init__(self, question):
        self.question = question
        self.value = None

    def __kwf_await__(self):
        return self

    def done(self):
        return self.value is not None

    def exception(self):
        return None

    def result(self):
        return self.value


register(Asked, "test.Asked")


def round_trip(value):
    """Load what was saved, and see that saving it again gives the same bytes."""
    data = dumps(value)
    loaded = loads(data)
    assert dumps(loaded) == data
    return loaded


def isomorphic(left, right):
    """Whether two graphs of builtins and plain instances have the same values and identities."""
    pairs, back = {}, {}
    queue = deque([(left, right)])
    keep = []
    while queue:
        a, b = queue.popleft()
        if type(a) is not type(b):
            return False
        if isinstance(a, _BY_VALUE) and type(a) in _BY_VALUE:
            if a != b and not (a != a and b != b):
                return False
            continue
        if a in ((), frozenset()) and not a:
            if b:
                return False
            continue
        if id(a) in pairs or id(b) in back:
            if pairs.get(id(a)) != id(b) or back.get(id(b)) != id(a):
                return False
            continue
        pairs[id(a)], back[id(b)] = id(b), id(a)
        keep += (a, b)
        parts = [_parts(one) for one in (a, b)]
        if len(parts[0]) != len(parts[1]):
            return False
        queue += zip(*parts)
    return True


def _parts(value):
    parts = []
    if isinstance(value, dict):
        for key, item in value.items():
            parts += (key, item)
        parts.append(getattr(value, "default_factory", None))
    elif isinstance(value, (set, frozenset)):
        parts += sorted(value, key=repr)
    elif isinstance(value, (list, tuple, deque)):
        parts += value
    elif isinstance(value, bytearray):
        parts.append(bytes(value))
    elif isinstance(value, types.MethodType):
        parts += (value.__self__, value.__func__)
    elif isinstance(value, functools.partial):
        parts += (value.func, value.args, value.keywords)
    elif isinstance(value, types.FunctionType):
        parts += (value.__code__.co_qualname, *(value.__closure__ or ()))
    elif isinstance(value, types.CellType):
        parts.append(value.cell_contents)
    elif isinstance(value, BaseException):
        parts += (value.args, getattr(value, "exceptions", None))
    elif hasattr(value, "__slots__") and type(value).__module__ == "codec_shop":
        parts += [getattr(value, name) for name in value.__slots__ if hasattr(value, name)]
    elif not hasattr(value, "__dict__"):
        parts.append(repr(value))
    if hasattr(value, "__dict__"):
        for key, item in vars(value).items():
            parts += (key, item)
    return parts
