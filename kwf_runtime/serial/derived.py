"""Instances of subclasses of builtins: the builtin's content, and attributes.

Limits: of a subclass of a builtin that is not in these tables, instances cannot be saved.
"""

from __future__ import annotations

import collections
import datetime
import decimal
from collections.abc import Callable, Iterator
from typing import Any, Final

from kwf_runtime.errors import CodeMissingError
from kwf_runtime.serial import framing as f
from kwf_runtime.serial.classes import (
    attributes_of,
    checked_names,
    class_name,
    make_setter,
    resolve_class,
    solid_base,
)
from kwf_runtime.serial.opening import Items, Opened, Opener
from kwf_runtime.serial.reader import Reader
from kwf_runtime.serial.writer import Writer

CONTENT: Final[dict[type, Callable[[Any], Any]]] = {
    list: lambda v: list.__getitem__(v, slice(None)),
    dict: dict.copy,
    set: lambda v: set(set.__iter__(v)),
    bytearray: lambda v: bytearray(bytearray.__getitem__(v, slice(None))),
    collections.deque: lambda v: (list(collections.deque.__iter__(v)), v.maxlen),
    collections.OrderedDict: lambda v: dict(collections.OrderedDict.items(v)),
    collections.defaultdict: lambda v: (dict.copy(v), v.default_factory),
    tuple: lambda v: tuple.__getitem__(v, slice(None)),
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
    complex: complex.__complex__,
    bytes: lambda v: bytes.__getitem__(v, slice(None)),
    frozenset: lambda v: frozenset(frozenset.__iter__(v)),
    datetime.date: lambda v: datetime.date(v.year, v.month, v.day),
    datetime.datetime: lambda v: datetime.datetime.combine(v.date(), v.timetz()),
    datetime.timedelta: lambda v: datetime.timedelta(v.days, v.seconds, v.microseconds),
    decimal.Decimal: decimal.Decimal,
}


def _fill_deque(target: Any, content: Any) -> None:
    items, maxlen = content
    collections.deque.__init__(target, items, maxlen)


def _fill_defaultdict(target: Any, content: Any) -> None:
    items, factory = content
    target.default_factory = factory
    dict.update(target, items)


_FILL: Final[dict[type, Callable[[Any, Any], object]]] = {
    list: list.extend,
    dict: dict.update,
    set: set.update,
    bytearray: bytearray.extend,
    collections.deque: _fill_deque,
    collections.OrderedDict: lambda target, content: [
        collections.OrderedDict.__setitem__(target, key, value) for key, value in content.items()
    ],
    collections.defaultdict: _fill_defaultdict,
    object: lambda target, content: target.__dict__.update(content),
}


def _new_date(cls: Any, value: datetime.date) -> Any:
    return datetime.date.__new__(cls, value.year, value.month, value.day)


def _new_datetime(cls: Any, value: datetime.datetime) -> Any:
    return datetime.datetime.__new__(
        *(cls, value.year, value.month, value.day, value.hour, value.minute, value.second),
        *(value.microsecond, value.tzinfo),
        fold=value.fold,
    )


def _new_timedelta(cls: Any, value: datetime.timedelta) -> Any:
    return datetime.timedelta.__new__(cls, value.days, value.seconds, value.microseconds)


_NEW: Final[dict[type, Callable[[Any, Any], Any]]] = {
    **{
        base: base.__new__
        for base in (tuple, str, int, float, complex, bytes, frozenset, decimal.Decimal)
    },
    datetime.date: _new_date,
    datetime.datetime: _new_datetime,
    datetime.timedelta: _new_timedelta,
}

_BASE_NAMES: Final = {base.__name__: base for base in (*CONTENT, object)}


def save_derived(writer: Writer, value: Any, *, base: type, slots: dict[str, Any]) -> Iterator[Any]:
    """Write an instance of a subclass of a builtin."""
    writer.memo[id(value)] = len(writer.memo)
    attributes = attributes_of(value, slots, frozenset())
    key = (f.DERIVED, type(value), *attributes)
    tag = writer.tag(key)
    if tag is None:
        tag = writer.shape(
            key,
            f.DERIVED,
            class_name(type(value), writer, value),
            base.__name__,
            *checked_names(value, attributes),
        )
    writer.stream.append(tag)
    content = CONTENT[base](value)
    writer.keep(content)
    return iter((content, *attributes.values()))


def derived_opener(reader: Reader, name: str, base_name: str, *names: str) -> Opener:
    """Read instances of a subclass of a builtin."""
    kind = resolve_class(reader, name)
    base: Any = _BASE_NAMES.get(base_name)
    if base is None or solid_base(kind) is not base or kind is base:
        raise CodeMissingError(name, f"the class {name} is not made of {base_name!r} any more")
    size, set_attributes = 1 + len(names), make_setter(kind, name, names)
    if base in _NEW:
        new = _NEW[base]

        def build(items: Items) -> Any:
            value = new(kind, items[0])
            set_attributes(value, items[1:])
            return value

        def open_built(reader: Reader) -> Opened:
            reader.refs.append(None)
            return size, build, len(reader.refs) - 1

        return open_built
    fill_base = _FILL[base]
    create: Any = base.__new__

    def open_created(reader: Reader) -> Opened:
        def fill(target: Any, items: Items) -> None:
            set_attributes(target, items[1:])
            reader.fill_after(fill_base, target, items[0])

        target = create(kind)
        reader.refs.append(target)
        return size, fill, target

    return open_created
