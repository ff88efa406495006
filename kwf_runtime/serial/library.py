"""The standard library's plain types, each with its own closed form.

A *value* has no identity of its own (a Decimal, a datetime); a *node* has (a deque, a Random).

Limits: a ``weakref`` to something that nothing else holds comes back dead; so do entries of weak
collections. Of a Context, only variables that the registry knows are written, and the decimal
context.
"""

from __future__ import annotations

import collections
import contextvars
import datetime
import decimal
import fractions
import logging
import os
import pathlib
import random
import re
import struct
import types
import uuid
import weakref
import zoneinfo
from collections.abc import Callable, Iterator
from typing import Any, Final

from kwf_runtime.errors import DecodeError
from kwf_runtime.serial.functions import fill_partial, new_partial
from kwf_runtime.serial.opening import Build, Fill, Items
from kwf_runtime.serial.writer import Saver, Unsavable, Writer

_MICROSECOND: Final = datetime.timedelta(microseconds=1)
_EPOCH: Final = datetime.datetime(1, 1, 1)
_RANDOM_WORDS: Final = struct.Struct(">625I")


# Values


def _save_constant(writer: Writer, value: object) -> None:
    writer.value(repr(value), ())


def _save_complex(writer: Writer, value: complex) -> Iterator[Any] | None:
    return writer.value("complex", (value.real, value.imag))


def _save_range(writer: Writer, value: range) -> Iterator[Any] | None:
    return writer.value("range", (value.start, value.stop, value.step))


def _save_slice(writer: Writer, value: slice) -> Iterator[Any] | None:
    return writer.value("slice", (value.start, value.stop, value.step))


def _save_decimal(writer: Writer, value: decimal.Decimal) -> Iterator[Any] | None:
    return writer.value("Decimal", (str(value),))


def _save_fraction(writer: Writer, value: fractions.Fraction) -> Iterator[Any] | None:
    return writer.value("Fraction", (value.numerator, value.denominator))


def _build_fraction(items: Items) -> Any:
    numerator, denominator = items
    if type(numerator) is not int or type(denominator) is not int or denominator < 1:
        raise DecodeError("saved state has a wrong fraction")
    value: Any = object.__new__(fractions.Fraction)  # in lowest terms already
    value._numerator, value._denominator = numerator, denominator
    return value


def _save_uuid(writer: Writer, value: uuid.UUID) -> Iterator[Any] | None:
    return writer.value("UUID", (value.bytes,))


def _save_path(writer: Writer, value: pathlib.PurePath) -> Iterator[Any] | None:
    return writer.value(type(value).__name__, (str(value),))


def _save_datetime(writer: Writer, value: datetime.datetime) -> Iterator[Any] | None:
    micros = (value.replace(tzinfo=None) - _EPOCH) // _MICROSECOND
    return writer.value("datetime", (micros, value.tzinfo, value.fold)[: 3 if value.fold else 2])


def _build_datetime(items: Items) -> Any:
    micros, zone, *fold = items
    value = _EPOCH + datetime.timedelta(microseconds=micros)
    if zone is None and not fold:
        return value
    return value.replace(tzinfo=zone, fold=fold[0] if fold else 0)


def _save_date(writer: Writer, value: datetime.date) -> Iterator[Any] | None:
    return writer.value("date", (value.toordinal(),))


def _save_time(writer: Writer, value: datetime.time) -> Iterator[Any] | None:
    parts = (value.hour, value.minute, value.second, value.microsecond, value.tzinfo, value.fold)
    return writer.value("time", parts)


def _save_timedelta(writer: Writer, value: datetime.timedelta) -> Iterator[Any] | None:
    return writer.value("timedelta", (value.days, value.seconds, value.microseconds))


def _save_timezone(writer: Writer, value: datetime.timezone) -> Iterator[Any] | None:
    arguments: tuple[Any, ...] = value.__getinitargs__()  # type: ignore[attr-defined]
    return writer.value("timezone", arguments)


def _save_zone(writer: Writer, value: zoneinfo.ZoneInfo) -> Iterator[Any] | None:
    if value.key is None:
        raise Unsavable(value, "make the zone by its key: ZoneInfo('Europe/Berlin')")
    return writer.value("ZoneInfo", (value.key,))


_zones: dict[str, zoneinfo.ZoneInfo] = {}


def _build_zone(items: Items) -> Any:
    """Return the zone of a key.

    ZoneInfo would look for an unknown key by importing a package of that name, so only keys of
    zones that exist get there; what is opened is the machine's own file of that zone.
    """
    key = items[0]
    if type(key) is not str:
        raise DecodeError("saved state has a wrong time zone")
    zone = _zones.get(key)
    if zone is None:
        if not re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,3}", key) or not _exists(key):
            raise DecodeError(f"this machine does not know the time zone {key!r}: install tzdata")
        zone = _zones[key] = zoneinfo.ZoneInfo(key)
    return zone


def _exists(key: str) -> bool:
    folders = [folder for folder in zoneinfo.TZPATH if os.path.isdir(folder)]
    if folders:
        return any(os.path.isfile(os.path.join(folder, key)) for folder in folders)
    return key in zoneinfo.available_timezones()  # those of the package tzdata


def _save_pattern(writer: Writer, value: re.Pattern[Any]) -> Iterator[Any] | None:
    return writer.value("Pattern", (value.pattern, value.flags))


def _build_pattern(items: Items) -> Any:
    pattern, flags = items
    if type(pattern) not in (str, bytes) or type(flags) is not int:
        raise DecodeError("saved state has a wrong regular expression")
    return re.compile(pattern, flags & ~re.DEBUG)


def _save_logger(writer: Writer, value: logging.Logger) -> Iterator[Any] | None:
    if logging.getLogger(value.name) is not value:
        raise Unsavable(value, "get the logger by its name: logging.getLogger(name)")
    return writer.value("Logger", (value.name,))


def _build_uuid(items: Items) -> Any:
    return uuid.UUID(bytes=items[0])


def _build_timedelta(items: Items) -> Any:
    return datetime.timedelta(*items)


def _path_builder(kind: type[pathlib.PurePath]) -> Build:
    def build(items: Items) -> Any:
        (text,) = items
        if type(text) is not str:
            raise DecodeError("saved state has a wrong path")
        return kind(text)

    return build


def _build_time(items: Items) -> Any:
    *parts, fold = items
    return datetime.time(*parts, fold=fold)


def _exact(kind: Callable[..., Any], name: str, *types_: type) -> Build:
    """Return what makes a value of arguments that have these types."""

    def build(items: Items) -> Any:
        if tuple(map(type, items)) != types_:
            raise DecodeError(f"saved state has a wrong {name}")
        return kind(*items)

    return build


_PATHS: Final = (
    pathlib.PurePosixPath,
    pathlib.PureWindowsPath,
    pathlib.PosixPath,
    pathlib.WindowsPath,
)

VALUE_BUILDERS: Final[dict[str, Build]] = {
    "Ellipsis": lambda items: ...,
    "NotImplemented": lambda items: NotImplemented,
    "complex": _exact(complex, "complex", float, float),
    "range": _exact(range, "range", int, int, int),
    "slice": lambda items: slice(*items),
    "Decimal": _exact(decimal.Decimal, "Decimal", str),
    "Fraction": _build_fraction,
    "UUID": _build_uuid,
    "datetime": _build_datetime,
    "date": lambda items: datetime.date.fromordinal(items[0]),
    "time": _build_time,
    "timedelta": _build_timedelta,
    "timezone": lambda items: datetime.timezone(*items),
    "ZoneInfo": _build_zone,
    "Pattern": _build_pattern,
    "Logger": _exact(logging.getLogger, "Logger", str),
    **{kind.__name__: _path_builder(kind) for kind in _PATHS},
}


# Nodes


def _save_deque(writer: Writer, value: collections.deque[Any]) -> Iterator[Any] | None:
    return writer.node(value, "deque", (value.maxlen, *value))


def _fill_deque(target: Any, items: Items) -> None:
    maxlen, *elements = items
    collections.deque.__init__(target, elements, maxlen)


def _save_ordered(writer: Writer, value: collections.OrderedDict[Any, Any]) -> Iterator[Any] | None:
    attributes = value.__dict__
    return writer.node(
        value, "OrderedDict", (dict(value), attributes) if attributes else (dict(value),)
    )


def _fill_ordered(target: Any, items: Items) -> None:
    content, *attributes = items
    target.update(content)
    for one in attributes:
        target.__dict__.update(one)


def _save_default(writer: Writer, value: collections.defaultdict[Any, Any]) -> Iterator[Any] | None:
    return writer.node(value, "defaultdict", (value.default_factory, dict(value)))


def _fill_default(target: Any, items: Items) -> None:
    target.default_factory, content = items
    target.update(content)


def _save_namespace(writer: Writer, value: types.SimpleNamespace) -> Iterator[Any] | None:
    return writer.node(value, "SimpleNamespace", (value.__dict__,))


def _fill_namespace(target: Any, items: Items) -> None:
    target.__dict__.update(items[0])


def _save_proxy(writer: Writer, value: types.MappingProxyType[Any, Any]) -> Iterator[Any] | None:
    return writer.node(value, "MappingProxyType", (value | {},))


def _save_random(writer: Writer, value: random.Random) -> Iterator[Any] | None:
    version, words, gauss = value.getstate()
    assert version == 3
    return writer.node(value, "Random", (_RANDOM_WORDS.pack(*words), gauss))


def _fill_random(target: Any, items: Items) -> None:
    words, gauss = items
    if gauss is not None and type(gauss) is not float:
        raise DecodeError("saved state has a wrong Random")
    target.setstate((3, _RANDOM_WORDS.unpack(words), gauss))


def _save_decimal_context(writer: Writer, value: decimal.Context) -> Iterator[Any] | None:
    return writer.node(value, "decimal.Context", _context_fields(value))


def _context_fields(value: decimal.Context) -> tuple[Any, ...]:
    signals = [name for name in _SIGNALS if value.traps[_SIGNALS[name]]]
    flags = [name for name in _SIGNALS if value.flags[_SIGNALS[name]]]
    return (
        *(value.prec, value.rounding, value.Emin, value.Emax, value.capitals, value.clamp),
        *(tuple(signals), tuple(flags)),
    )


_SIGNALS: Final = {signal.__name__: signal for signal in decimal.Context().traps}


def _build_decimal_context(items: Items) -> Any:
    *fields, traps, flags = items
    context = decimal.Context(*fields)
    for signals, chosen in ((context.traps, traps), (context.flags, flags)):
        for name, signal in _SIGNALS.items():
            signals[signal] = name in chosen
    return context


def _save_context(writer: Writer, value: contextvars.Context) -> Iterator[Any] | None:
    children: list[Any] = []
    for variable, content in value.items():
        if variable.name == "decimal_context" and isinstance(content, decimal.Context):
            children += (None, content)
        elif writer.registry.name_of(variable) is not None:
            children += (variable, content)
    return writer.node(value, "Context", children)


def _fill_context(target: Any, items: Items) -> None:
    for variable, content in zip(items[::2], items[1::2], strict=True):
        if variable is None and isinstance(content, decimal.Context):
            target.run(decimal.setcontext, content)
        elif isinstance(variable, contextvars.ContextVar):
            target.run(variable.set, content)
        else:
            raise DecodeError("saved state has a wrong context")


def _save_variable(writer: Writer, value: contextvars.ContextVar[Any]) -> None:
    name = writer.registry.search(value)
    if name is None:
        raise Unsavable(value, "keep the ContextVar in a global of the workflow's module")
    writer.reference(value, name)


# Weak references: written with what they refer to only if that is held by something else too.


def _alive(writer: Writer, value: object) -> bool:
    writer.weak = True
    return value is not None and writer.alive is not None and id(value) in writer.alive


def _save_memoryview(writer: Writer, value: memoryview) -> Iterator[Any] | None:
    if type(value.obj) is not bytes or value.format != "B" or value.ndim != 1:
        raise Unsavable(value, "keep the bytes instead")
    return writer.node(value, "memoryview", (bytes(value),))


def _build_memoryview(items: Items) -> Any:
    if type(items[0]) is not bytes:
        raise DecodeError("saved state has a wrong memoryview")
    return memoryview(items[0])


def _save_weakref(writer: Writer, value: weakref.ref[Any]) -> Iterator[Any] | None:
    if value.__callback__ is not None:  # a load would arm it, and bytes must not cause calls
        raise Unsavable(value, "a weak reference with a callback: keep it in no saved object")
    target = value()
    return writer.node(value, "ref", (target if _alive(writer, target) else None,))


class _Gone:
    """What a weak reference that was saved dead referred to."""


def _build_weakref(items: Items) -> Any:
    (target,) = items
    return weakref.ref(_Gone() if target is None else target)


def _save_weak_set(writer: Writer, value: weakref.WeakSet[Any]) -> Iterator[Any] | None:
    members = list(value)
    return writer.node(value, "WeakSet", [one for one in members if _alive(writer, one)])


def _fill_weak_set(target: Any, items: Items) -> None:
    for item in items:
        target.add(item)


def _save_weak_values(
    writer: Writer, value: weakref.WeakValueDictionary[Any, Any]
) -> Iterator[Any] | None:
    pairs = [(key, one) for key, one in value.items() if _alive(writer, one)]
    return writer.node(value, "WeakValueDictionary", [one for pair in pairs for one in pair])


def _save_weak_keys(
    writer: Writer, value: weakref.WeakKeyDictionary[Any, Any]
) -> Iterator[Any] | None:
    pairs = [(key, one) for key, one in value.items() if _alive(writer, key)]
    return writer.node(value, "WeakKeyDictionary", [one for pair in pairs for one in pair])


def _fill_weak_dict(target: Any, items: Items) -> None:
    for key, item in zip(items[::2], items[1::2], strict=True):
        target[key] = item


SAVERS: Final[dict[type, Saver]] = {
    type(...): _save_constant,
    type(NotImplemented): _save_constant,
    complex: _save_complex,
    range: _save_range,
    slice: _save_slice,
    decimal.Decimal: _save_decimal,
    decimal.Context: _save_decimal_context,
    fractions.Fraction: _save_fraction,
    uuid.UUID: _save_uuid,
    **dict.fromkeys(_PATHS, _save_path),
    datetime.datetime: _save_datetime,
    datetime.date: _save_date,
    datetime.time: _save_time,
    datetime.timedelta: _save_timedelta,
    datetime.timezone: _save_timezone,
    zoneinfo.ZoneInfo: _save_zone,
    re.Pattern: _save_pattern,
    logging.Logger: _save_logger,
    logging.RootLogger: _save_logger,
    collections.deque: _save_deque,
    collections.OrderedDict: _save_ordered,
    collections.defaultdict: _save_default,
    types.SimpleNamespace: _save_namespace,
    types.MappingProxyType: _save_proxy,
    random.Random: _save_random,
    contextvars.Context: _save_context,
    contextvars.ContextVar: _save_variable,
    memoryview: _save_memoryview,
    weakref.ref: _save_weakref,
    weakref.WeakSet: _save_weak_set,
    weakref.WeakValueDictionary: _save_weak_values,
    weakref.WeakKeyDictionary: _save_weak_keys,
}

MUTABLE: Final[dict[str, tuple[Callable[[], Any], Fill]]] = {
    "deque": (collections.deque, _fill_deque),
    "OrderedDict": (collections.OrderedDict, _fill_ordered),
    "defaultdict": (collections.defaultdict, _fill_default),
    "SimpleNamespace": (types.SimpleNamespace, _fill_namespace),
    "Random": (lambda: random.Random(0), _fill_random),
    "Context": (contextvars.Context, _fill_context),
    "WeakSet": (weakref.WeakSet, _fill_weak_set),
    "WeakValueDictionary": (weakref.WeakValueDictionary, _fill_weak_dict),
    "WeakKeyDictionary": (weakref.WeakKeyDictionary, _fill_weak_dict),
    "partial": (new_partial, fill_partial),
}

FILLED_FROM_DICT: Final = frozenset(("OrderedDict", "SimpleNamespace", "defaultdict"))
"""Those of MUTABLE that take their content from a dict, which may be filled late."""

NODE_BUILDERS: Final[dict[str, Build]] = {
    "MappingProxyType": lambda items: types.MappingProxyType(items[0]),
    "decimal.Context": _build_decimal_context,
    "memoryview": _build_memoryview,
    "ref": _build_weakref,
}
