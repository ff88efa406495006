"""The names that every process knows: safe builtins, and the standard library's plain types.

Limits: no function here imports, opens, evaluates or reaches into objects: a hostile state could
otherwise hand it to workflow code as a callback. A workflow that itself names such a function
has it in its module's references.
"""

from __future__ import annotations

import asyncio
import builtins
import collections
import collections.abc
import contextvars
import datetime
import decimal
import enum
import fractions
import functools
import itertools
import operator
import pathlib
import random
import re
import types
import typing
import uuid
import weakref
import zoneinfo
from typing import Any, Final

_FUNCTIONS: Final = (
    "abs all any ascii bin callable chr divmod format hash hex id isinstance issubclass iter len "
    "max min next oct ord pow print repr round sorted sum"
)

_OPERATORS: Final = (
    "add and_ concat contains countOf eq floordiv ge getitem gt iadd iand iconcat ifloordiv "
    "ilshift imod imul index indexOf inv invert ior ipow irshift is_ is_not isub itruediv ixor le "
    "length_hint lshift lt matmul mod mul ne neg not_ or_ pos pow rshift sub truediv truth xor"
)

_TYPES: Final[dict[Any, str]] = {
    asyncio: "BrokenBarrierError CancelledError InvalidStateError QueueEmpty QueueFull",
    collections: "ChainMap Counter OrderedDict UserDict UserList UserString defaultdict deque",
    datetime: "date datetime time timedelta timezone tzinfo",
    decimal: "Context Decimal",
    enum: "Enum Flag IntEnum IntFlag StrEnum",
    fractions: "Fraction",
    functools: "partial partialmethod",
    itertools: (
        "accumulate chain combinations combinations_with_replacement compress count cycle "
        "dropwhile filterfalse groupby islice pairwise permutations product repeat starmap "
        "takewhile zip_longest"
    ),
    pathlib: "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
    random: "Random",
    re: "Match Pattern RegexFlag error",
    types: "MappingProxyType MethodType SimpleNamespace",
    uuid: "UUID",
    weakref: "WeakKeyDictionary WeakSet WeakValueDictionary",
    collections.abc: (
        "AsyncGenerator AsyncIterable AsyncIterator Awaitable Callable Collection Container "
        "Coroutine Generator Hashable ItemsView Iterable Iterator KeysView Mapping MappingView "
        "MutableMapping MutableSequence MutableSet Reversible Sequence Set Sized ValuesView"
    ),
    contextvars: "Context ContextVar",
    zoneinfo: "ZoneInfo",
}

FORMS: Final[dict[str, Any]] = {
    name: getattr(typing, name)
    for name in typing.__all__
    if type(getattr(typing, name)).__module__ == "typing"
    and not isinstance(getattr(typing, name), (type, typing.TypeVar))
}
"""What of ``typing`` can be subscripted and is no class, by name."""

_UNSAFE_TYPES: Final = {"super", "memoryview"}


def _standard() -> dict[str, object]:
    found: dict[str, object] = {}
    functions = _FUNCTIONS.split()
    for name, value in vars(builtins).items():
        if name in functions or (isinstance(value, type) and name not in _UNSAFE_TYPES):
            found[f"builtins:{name}"] = value
    for name in _OPERATORS.split():
        found[f"operator:{name}"] = getattr(operator, name)
    for module, names in _TYPES.items():
        for name in names.split():
            found[f"{module.__name__}:{name}"] = getattr(module, name)
    for name, value in FORMS.items():
        found[f"typing:{name}"] = value
    for name in ("Any", "Generic", "Protocol"):
        found[f"typing:{name}"] = getattr(typing, name)
    found["types:NoneType"] = type(None)
    found["types:EllipsisType"] = type(...)
    found["types:NotImplementedType"] = type(NotImplemented)
    return found


STANDARD: Final = _standard()
"""Known objects by name; aliases (``IOError``) resolve, the first name of an object is written."""
