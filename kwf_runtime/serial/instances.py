"""Instances of classes: their attributes, written by name and set directly on a new object.

No ``__init__``, ``__reduce__``, ``__getstate__`` or ``__setstate__`` is called. Enum members are
written by their name.

Limits: see ``classes``. What has no saved form of its own can still be a reference, if a known
module holds it in a global.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

from kwf_runtime.core.frame import Frame
from kwf_runtime.errors import CodeMissingError, DecodeError
from kwf_runtime.serial import framing as f
from kwf_runtime.serial.classes import (
    attributes_of,
    checked_names,
    class_name,
    make_setter,
    resolve_class,
    save_by_name,
    slot_descriptors,
    slot_values,
    solid_base,
)
from kwf_runtime.serial.derived import CONTENT, save_derived
from kwf_runtime.serial.opening import IMMUTABLE, Items, Opened, Opener
from kwf_runtime.serial.reader import Reader
from kwf_runtime.serial.registry import Registry
from kwf_runtime.serial.writer import Saver, Writer

_ATTRIBUTE_LIMIT: Final = 1000
_ABSENT: Final = object()


def make_saver(kind: type, registry: Registry) -> Saver:
    """Return what writes instances of a class.

    A type that cannot be written gets a saver that raises, or that writes a reference if the
    value is a global of a known module (a lock, a logger).
    """
    if kind is object:
        return save_by_name_or_object
    base = solid_base(kind)
    if base is not object and (base not in CONTENT or base is kind):
        return save_by_name
    if hasattr(kind, "__kwf_save__"):
        return _save_hooked
    slots = slot_descriptors(kind)
    has_dict = kind.__dictoffset__ != 0
    if base is not object:
        return functools.partial(save_derived, base=base, slots=slots)
    if slots and not has_dict:
        return _make_slots_saver(kind, slots)
    skip = frozenset(getattr(kind, "__kwf_skip__", ()))
    if slots or skip:
        return functools.partial(_save_mixed, slots=slots, skip=skip)
    if has_dict:
        return _save_plain
    return _make_slots_saver(kind, slots)


def save_by_name_or_object(writer: Writer, value: object) -> None:
    """Write a bare ``object()``: a sentinel of a module is a reference."""
    name = writer.registry.name_of(value)
    if name is not None:
        writer.reference(value, name)
        return
    writer.number(value)
    key = (object,)
    writer.stream.append(writer.tag(key) or writer.shape(key, f.INSTANCE, "builtins:object"))


def _save_plain(writer: Writer, value: Any) -> Iterator[Any] | None:
    """Write an instance that has nothing but its ``__dict__``."""
    writer.memo[id(value)] = len(writer.memo)
    attributes: dict[str, Any] = value.__dict__
    key = (type(value), *attributes)
    tag = writer.tag(key)
    if tag is None:
        if len(attributes) > _ATTRIBUTE_LIMIT:
            return _save_large(writer, value, attributes)
        tag = writer.shape(
            *(key, f.INSTANCE, class_name(type(value), writer, value)),
            *checked_names(value, attributes),
        )
    writer.stream.append(tag)
    return iter(attributes.values())


def _save_large(writer: Writer, value: Any, attributes: dict[str, Any]) -> Iterator[Any]:
    key = (f.DERIVED, type(value))
    tag = writer.tag(key) or writer.shape(
        key, f.DERIVED, class_name(type(value), writer, value), "object"
    )
    writer.stream.append(tag)
    content = dict(attributes)
    writer.keep(content)
    return iter((content,))


def _make_slots_saver(kind: type, slots: dict[str, Any]) -> Saver:
    """Return what writes instances that have nothing but slots, fast if all are set."""
    names = sorted(slots)
    full_key = (kind, *names)
    get_all: Callable[[Any], Any] = (
        operator.attrgetter(*names)
        if len(names) > 1
        else lambda v: tuple(slot_values(v, slots).values())
    )
    if any(slots[name] is not getattr(kind, name) for name in names):
        get_all = _raise_attribute_error

    def save(writer: Writer, value: Any) -> Iterator[Any]:
        writer.memo[id(value)] = len(writer.memo)
        key: Any = full_key
        present: Collection[str]
        try:
            values = get_all(value)
        except AttributeError:
            values = ()
        if len(values) != len(names):
            found = slot_values(value, slots)
            present = found
            key, values = (kind, *found), tuple(found.values())
        else:
            present = names
        tag = writer.tag(key)
        if tag is None:
            tag = writer.shape(key, f.INSTANCE, class_name(kind, writer, value), *present)
        writer.stream.append(tag)
        return iter(values)

    return save


def _raise_attribute_error(value: Any) -> Any:
    raise AttributeError


def _save_mixed(
    writer: Writer, value: Any, *, slots: dict[str, Any], skip: frozenset[str]
) -> Iterator[Any]:
    writer.memo[id(value)] = len(writer.memo)
    attributes = attributes_of(value, slots, skip)
    key = (type(value), *attributes)
    tag = writer.tag(key)
    if tag is None:
        tag = writer.shape(
            *(key, f.INSTANCE, class_name(type(value), writer, value)),
            *checked_names(value, attributes),
        )
    writer.stream.append(tag)
    return iter(attributes.values())


def _save_hooked(writer: Writer, value: Any) -> Iterator[Any]:
    writer.memo[id(value)] = len(writer.memo)
    kind = type(value)
    key = (f.HOOKED, kind)
    writer.stream.append(
        writer.tag(key) or writer.shape(key, f.HOOKED, class_name(kind, writer, value))
    )
    state = value.__kwf_save__()
    writer.keep(state)
    return iter((state,))


def save_member(writer: Writer, value: Any) -> Iterator[Any] | None:
    """Write an enum member by its name, a combination of flags by its value."""
    key: Any = (f.MEMBER, type(value), value._name_)
    if value._name_ is None or type(value)._member_map_.get(value._name_) is not value:
        name = class_name(type(value), writer, value)
        key = (f.MEMBER, type(value))
        writer.stream.append(writer.tag(key) or writer.shape(key, f.MEMBER, name, ""))
        return iter((value._value_,))
    tag = writer.tag(key)
    if tag is None:
        name = class_name(type(value), writer, value)
        tag = writer.shape(key, f.MEMBER, name, value._name_)
    writer.stream.append(tag)
    return None


def instance_opener(reader: Reader, name: str, *names: str) -> Opener:
    """Read instances of a class of Python's own layout."""
    kind = resolve_class(reader, name)
    if solid_base(kind) is not object or issubclass(kind, (type, BaseException, Frame)):
        raise DecodeError(f"saved state has attributes only for an instance of {name}")
    size, fill = len(names), make_setter(kind, name, names)

    def open_instance(reader: Reader) -> Opened:
        target = object.__new__(kind)
        reader.refs.append(target)
        return size, fill, target

    return open_instance


def hooked_opener(reader: Reader, name: str) -> Opener:
    """Read instances that load their own state."""
    kind = resolve_class(reader, name)
    if not hasattr(kind, "__kwf_load__") or solid_base(kind) is not object:
        raise DecodeError(f"saved state has its own state for an instance of {name}")
    load: Any = kind.__kwf_load__

    def open_hooked(reader: Reader) -> Opened:
        def fill(target: Any, items: Items) -> None:
            reader.load_at_end(load, target, items[0])

        target = object.__new__(kind)
        reader.refs.append(target)
        return 1, fill, target

    return open_hooked


def member_opener(reader: Reader, name: str, member: str) -> Opener:
    """Read enum members."""
    kind = resolve_class(reader, name)
    members = getattr(kind, "_member_map_", None)
    if members is None:
        raise DecodeError(f"saved state uses {name} as an enum, and it is none")
    if not member:
        opened: Opened = (1, lambda items: kind(items[0]), IMMUTABLE)
        return lambda reader: opened
    value = members.get(member, _ABSENT)
    if value is _ABSENT:
        raise CodeMissingError(f"{name}.{member}")
    found: Opened = (0, None, value)
    return lambda reader: found
