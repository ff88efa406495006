"""Which saver writes a type, and which opener reads a shape.

Limits: the tables are closed. A type that none of them has is written only if the registry knows
its class, or as a reference if it is a named object of a known module.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from typing import Any, Final

from kwf_runtime.core.frame import Frame
from kwf_runtime.errors import DecodeError
from kwf_runtime.serial import (
    buffers,
    classes,
    dataclass_parts,
    derived,
    exceptions,
    frames,
    functions,
    instances,
    iterators,
    library,
    local_classes,
    type_values,
)
from kwf_runtime.serial import framing as f
from kwf_runtime.serial.opening import IMMUTABLE, Build, Fill, Items, Opened, Opener
from kwf_runtime.serial.reader import Reader
from kwf_runtime.serial.registry import Registry
from kwf_runtime.serial.writer import BUILTIN_SAVERS, Saver, Writer


def make_saver(kind: type, registry: Registry) -> Saver:
    """Return what writes values of exactly this type."""
    saver = _SAVERS.get(kind)
    if saver is None:
        if issubclass(kind, type):
            saver = functions.save_class
        elif issubclass(kind, Frame) and "__kwf_savable__" not in vars(kind):
            saver = frames.save_frame if kind in frames.NAMES else classes.save_by_name
        elif issubclass(kind, BaseException):
            saver = exceptions.save_error
        elif issubclass(kind, enum.Enum):
            saver = instances.save_member
        else:
            saver = instances.make_saver(kind, registry)
    if registry.names_objects(kind):
        return _by_name_first(saver)
    return saver


def _by_name_first(saver: Saver) -> Saver:
    """Write objects that are registered themselves as references."""

    def save(writer: Writer, value: Any) -> Iterator[Any] | None:
        name = writer.registry.registered_name(value)
        if name is None:
            return saver(writer, value)
        writer.reference(value, name)
        return None

    return save


def make_opener(reader: Reader, kind: Any, fields: tuple[Any, ...]) -> Opener:
    """Return what reads values of the shape.

    Raises:
        DecodeError: there is no such shape.
        CodeMissingError: it names something that is not loaded.
    """
    maker = _MAKERS.get(kind) if type(kind) is int else None
    if maker is None:
        raise DecodeError(f"saved state has a shape of unknown kind {kind!r}")
    return maker(reader, *fields)


def _record(reader: Reader, *keys: str) -> Opener:
    size = len(keys)

    def fill(target: dict[str, Any], items: Items) -> None:
        target.update(zip(keys, items, strict=True))

    def open_record(reader: Reader) -> Opened:
        target: dict[str, Any] = {}
        reader.refs.append(target)
        return size, fill, target

    return open_record


def _constant(value: Any) -> Opener:
    opened: Opened = (0, None, value)
    return lambda reader: opened


def _global(reader: Reader, name: str) -> Opener:
    return _constant(reader.registry.resolve(name))


def _value(reader: Reader, name: str, size: int) -> Opener:
    build = _VALUE_BUILDERS.get(name)
    if build is None:
        raise DecodeError(f"saved state has a value of unknown type {name!r}")
    opened: Opened = (_size(size), build, IMMUTABLE)
    return lambda reader: opened


def _node(reader: Reader, name: str, size: int) -> Opener:
    size = _size(size)
    build: Build | None = _NODE_BUILDERS.get(name)
    if build is not None:

        def open_built(reader: Reader) -> Opened:
            reader.refs.append(None)
            return size, build, len(reader.refs) - 1

        return open_built
    if name not in _MUTABLE:
        raise DecodeError(f"saved state has an object of unknown type {name!r}")
    create, fill = _MUTABLE[name]
    if name in library.FILLED_FROM_DICT:

        def open_from_dict(reader: Reader) -> Opened:
            target = create()
            reader.refs.append(target)
            return size, lambda target, items: reader.fill_after(fill, target, items), target

        return open_from_dict

    def open_created(reader: Reader) -> Opened:
        target = create()
        reader.refs.append(target)
        return size, fill, target

    return open_created


def _size(size: Any) -> int:
    if type(size) is not int or not 0 <= size <= f.MAX_UINT:
        raise DecodeError("saved state has a wrong count")
    return size


_SAVERS: Final[dict[type, Saver]] = {
    **BUILTIN_SAVERS,
    **dataclass_parts.SAVERS,
    **type_values.SAVERS,
    local_classes.Body: local_classes.save_body,
    **library.SAVERS,
    **buffers.SAVERS,
    **functions.SAVERS,
    **iterators.SAVERS,
}

_VALUE_BUILDERS: Final[dict[str, Build]] = {
    **library.VALUE_BUILDERS,
    **functions.VALUE_BUILDERS,
    **type_values.VALUE_BUILDERS,
}

_MUTABLE: Final[dict[str, tuple[Callable[[], Any], Fill]]] = {
    **library.MUTABLE,
    **buffers.MUTABLE,
}

_NODE_BUILDERS: Final[dict[str, Build]] = {
    **library.NODE_BUILDERS,
    **functions.NODE_BUILDERS,
    **iterators.NODE_BUILDERS,
    **dataclass_parts.NODE_BUILDERS,
    **type_values.NODE_BUILDERS,
}

_MAKERS: Final[dict[int, Callable[..., Opener]]] = {
    f.RECORD: _record,
    f.GLOBAL: _global,
    f.VALUE: _value,
    f.NODE: _node,
    f.INSTANCE: instances.instance_opener,
    f.DERIVED: derived.derived_opener,
    f.MEMBER: instances.member_opener,
    f.ERROR: exceptions.error_opener,
    f.HOOKED: instances.hooked_opener,
    f.FUNCTION: functions.function_opener,
    f.FRAME: frames.frame_opener,
    f.CLASS_BODY: local_classes.body_opener,
}
