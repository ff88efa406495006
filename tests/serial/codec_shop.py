"""A compiled module, written by hand as docs/architecture.md 1 says, for the codec's tests.

It defines one of each thing that the codec must know by its module: classes of all kinds, functions,
closures, a coroutine, a generator.
"""

import contextvars
import dataclasses
import decimal
import enum
import functools
import threading
import typing
from collections import OrderedDict, UserDict, defaultdict, deque, namedtuple

import kwf_runtime.abi as _kwf

LOCK = threading.Lock()
MISSING = object()
REQUEST = contextvars.ContextVar("REQUEST", default=None)


class Plain:
    class Inner:
        pass

    def __init__(self, **attributes):
        self.__dict__.update(attributes)

    def method(self):
        return self

    @staticmethod
    def static():
        return "static"

    @classmethod
    def make(cls):
        return cls()


class Guarded:
    """None of its methods may be called by saving or loading."""

    def forbidden(self, *args, **kwargs):
        raise AssertionError("called")

    __init__ = __reduce_ex__ = __reduce__ = __getstate__ = __setstate__ = forbidden
    __getattr__ = __setattr__ = __getnewargs__ = __getnewargs_ex__ = __bool__ = __len__ = forbidden
    __eq__ = __repr__ = forbidden
    __hash__ = None


class Slotted:
    __slots__ = ("__private", "left", "right")

    def __init__(self, left=None, right=None):
        self.left, self.right = left, right
        self.__private = 1

    def private(self):
        return self.__private


class SlottedChild(Slotted):
    __slots__ = ("extra",)


class Mixed(Slotted):
    pass


class Frozen:
    __slots__ = ("value",)

    def __init__(self, value):
        object.__setattr__(self, "value", value)

    def __setattr__(self, name, value):
        raise AttributeError(name)


@dataclasses.dataclass
class Item:
    name: str
    price: decimal.Decimal
    tags: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    left: object
    right: object


class ByValue:
    """Hashable by an attribute: it must be set before a set or a dict takes it."""

    def __init__(self, value):
        self.value = value
        self.home = None

    def __hash__(self):
        return hash(self.value)

    def __eq__(self, other):
        return isinstance(other, ByValue) and self.value == other.value


class Color(enum.Enum):
    RED = 1
    CRIMSON = 1
    BLUE = "b"


class Mode(enum.Flag):
    READ = 1
    WRITE = 2


class Level(enum.IntEnum):
    LOW = 1


class Word(enum.StrEnum):
    YES = "yes"


Point = namedtuple("Point", "x y")


class MyList(list):
    pass


class MyDict(dict):
    __slots__ = ("note",)


class MySet(set):
    pass


class MyTuple(tuple):
    pass


class MyStr(str):
    pass


class MyInt(int):
    pass


class MyFloat(float):
    pass


class MyBytes(bytes):
    pass


class MyFrozenSet(frozenset):
    pass


class MyDeque(deque):
    pass


class MyOrdered(OrderedDict):
    pass


class MyDefault(defaultdict):
    pass


@functools.lru_cache
def remembered(x):
    return [x]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Strict:
    name: str
    next: "Strict | None" = None


class Pair(typing.NamedTuple):
    x: object
    y: str = "y"


class Model:
    """As libraries of models have it: a ``__dict__`` in the slots, and no way in but their own."""

    __slots__ = ("__dict__", "__fields_set__")

    def __init__(self, **fields):
        object.__setattr__(self, "__fields_set__", set(fields))
        self.__dict__.update(fields)

    def __setattr__(self, name, value):
        raise AttributeError(name)

    @functools.cache
    def slow(self):
        return 1


class Stateful:
    """Whose own ideas of its state are not asked for: attributes are saved as they are."""

    def __init__(self):
        self.value, self.cache = 1, {}

    def __getstate__(self):
        raise AssertionError("called")

    __setstate__ = __getstate__


class Squares:
    def __getitem__(self, index):
        if index > 2:
            raise IndexError
        return index * index


class MyUserDict(UserDict):
    pass


class ShopError(Exception):
    def __init__(self, code, *, detail=None):
        super().__init__(f"code {code}")
        self.code = code
        self.detail = detail


class GroupError(ExceptionGroup):
    pass


def helper(x=1):
    return x + 1


def counter(start):
    """Two functions that share a variable."""
    count = start

    def increase(by: int = 1, *, scale: "float" = 1) -> None:
        "Count."
        nonlocal count
        count += by * scale

    return increase, lambda: count


def recursive():
    def fact(n):
        return 1 if n < 2 else n * fact(n - 1)

    return fact


def unset():
    def read():
        return later

    if False:
        later = 1
    return read


def decorate(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args), wrapper.calls

    wrapper.calls = 7
    return wrapper


def local_class():
    class Local:
        pass

    return Local()


@_kwf.coroutine
def trip(total, ask):
    """Asks twice, and adds what it is told; a closure changes the total in between."""

    def add(n):
        nonlocal total
        total += n
        return total

    def _kwf_step(_f, _v, _x):
        nonlocal total
        if _f.pc == 0:
            (ask,) = _f.slots
            log = ["asked"]
            _f.pc, _f.slots = 1, (ask, log, _kwf.UNBOUND)
            return ask("first")
        if _f.pc == 1:
            ask, log, second = _f.slots
            if _x:
                return _f.fail()
            add(_v)
            log.append(_v)
            _f.pc, _f.slots = 2, (log, second)
            return ask("second")
        log, second = _f.slots
        if _x:
            return _f.fail()
        add(_v)
        _f.pc = -1
        return total, log, second

    return _kwf.Coroutine(_kwf_step, (ask,))


@_kwf.coroutine
def outer(n, ask):
    """Awaits itself n levels deep, then ``trip``."""

    def _kwf_step(_f, _v, _x):
        if _f.pc == 0:
            n, ask = _f.slots
            _f.pc, _f.slots = 1, (n,)
            return trip(0, ask) if n == 0 else outer(n - 1, ask)
        (n,) = _f.slots
        if _x:
            return _f.fail()
        _f.pc = -1
        return (n, _v) if n < 3 else _v

    return _kwf.Coroutine(_kwf_step, (n, ask))


@_kwf.generator
def numbers(stop):
    """Counts."""

    def _kwf_step(_f, _v, _x):
        if _f.pc == 0:
            (stop,) = _f.slots
            i = 0
        else:
            i, stop = _f.slots
            if _x:
                return _f.fail()
            i += 1
        if i < stop:
            _f.pc, _f.slots = 1, (i, stop)
            return i
        _f.pc = -1
        return None

    return _kwf.Generator(_kwf_step, (stop,))


RAN = []


@_kwf.generator
def guarded(ran):
    """Says when it is closed."""

    def _kwf_step(_f, _v, _x):
        if _f.pc == 0:
            (ran,) = _f.slots
            _f.pc, _f.slots = 1, (ran,)
            return 1
        (ran,) = _f.slots
        ran.append("closed")
        RAN.append("closed")
        if _x:
            return _f.fail()
        _f.pc = -1
        return None

    return _kwf.Generator(_kwf_step, (ran,))


_kwf.module(
    __name__,
    {
        "trip": (
            "coroutine",
            (
                ("await ask('first')#0", 10, ("ask", "log", "second")),
                ("await ask('second')#0", 12, ("log", "second")),
            ),
            ("ask",),
        ),
        "outer": ("coroutine", (("await trip(0, ask)#0", 20, ("n",)),), ("n", "ask")),
        "guarded": ("generator", (("(yield 1)#0", 40, ("ran",)),), ("ran",)),
        "numbers": ("generator", (("(yield i)#0", 30, ("i", "stop")),), ("stop",)),
    },
    ("threading:", "decimal:Decimal", "functools:partial", "math:sqrt", "codec_native:Listed"),
)
