"""Instances of classes: their attributes, written by name and set directly on a new object.

No ``__init__``, ``__reduce__``, ``__getstate__`` or ``__setstate__`` is called. An instance of a
subclass of a builtin is written as the builtin's content and the attributes. Enum members are
written by their name.

Limits: a class whose instances have state in C, other than the builtins listed here, is refused;
so is one that no compiled module defines or names and that is not registered.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import functools
import operator
import types
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final, TypeVar

from kwf_runtime.core.frame import Frame
from kwf_runtime.errors import CodeMissingError, DecodeError
from kwf_runtime.serial import framing as f
from kwf_runtime.serial.reader import Items, Opened, Opener, Reader
from kwf_runtime.serial.registry import Registry
from kwf_runtime.serial.writer import Saver, Unsavable, Writer

T = TypeVar("T")

_HEAP: Final = 1 << 9
_IMMUTABLE_TYPE: Final = 1 << 8
_ATTRIBUTE_LIMIT: Final = 1000
_ABSENT: Final = object()

ADVICE_REGISTER: Final = (
    "register the class with W.register, or import it by name in the workflow's module"
)


# Subclasses of builtins: how to take the content out, and what to do with it.

_CONTENT: Final[dict[type, Callable[[Any], Any]]] = {
    list: lambda v: list.__getitem__(v, slice(None)),
    dict: dict.copy,
    set: lambda v: set(set.__iter__(v)),
    bytearray: lambda v: bytearray(bytearray.__getitem__(v, slice(None))),
    collections.deque: lambda v: (list(collections.deque.__iter__(v)), v.maxlen),
    collections.OrderedDict: dict.copy,
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

_MUTABLE_BASES: Final = (
    list,
    dict,
    set,
    bytearray,
    collections.deque,
    collections.OrderedDict,
    collections.defaultdict,
)


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

_BASE_NAMES: Final = {base.__name__: base for base in (*_CONTENT, object)}


def solid_base(kind: type) -> type:
    """Return the class in C that says how instances are laid out."""
    for base in kind.__mro__:
        if not base.__flags__ & _HEAP or base.__flags__ & _IMMUTABLE_TYPE:
            return base
        new = base.__dict__.get("__new__")
        if isinstance(new, types.BuiltinFunctionType) and new.__self__ is base:
            return base
    return object


def per_class(function: Callable[[Any], T]) -> Callable[[Any], T]:
    """Remember what a function of a class returned."""
    return functools.lru_cache(1024)(function)


@per_class
def slot_descriptors(kind: type) -> dict[str, Any]:
    """Return the descriptors of the ``__slots__`` of a class and its bases, by attribute name."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        if base.__flags__ & _HEAP:
            found.update(
                (name, one)
                for name, one in base.__dict__.items()
                if isinstance(one, types.MemberDescriptorType)
            )
    for name in getattr(kind, "__kwf_skip__", ()):
        found.pop(name, None)
    return found


def class_name(kind: type, registry: Registry, value: object) -> str:
    """Return the name that stands for a class.

    Raises:
        Unsavable: it has none.
    """
    name = registry.search(kind)
    if name is None:
        if "<locals>" in kind.__qualname__:
            advice = "its class is defined inside a function: move it to the module"
        else:
            advice = ADVICE_REGISTER
        raise Unsavable(value, advice)
    return name


def make_saver(kind: type, registry: Registry) -> Saver:
    """Return what writes instances of a class.

    A type that cannot be written gets a saver that raises, or that writes a reference if the
    value is a global of a known module (a lock, a logger).
    """
    if kind is object:
        return save_by_name_or_object
    base = solid_base(kind)
    if base is not object and (base not in _CONTENT or base is kind):
        return save_by_name
    if hasattr(kind, "__kwf_save__"):
        return _save_hooked
    slots = slot_descriptors(kind)
    has_dict = kind.__dictoffset__ != 0
    if base is not object:
        return functools.partial(_save_derived, base=base, slots=slots)
    if slots and not has_dict:
        return _make_slots_saver(kind, slots)
    skip = frozenset(getattr(kind, "__kwf_skip__", ()))
    if slots or skip:
        return functools.partial(_save_mixed, slots=slots, skip=skip)
    if has_dict:
        return _save_plain
    return _make_slots_saver(kind, slots)


def _checked(value: object, names: Iterable[Any]) -> tuple[str, ...]:
    """Return attribute names, which ``__dict__`` allows to be anything."""
    checked = tuple(names)
    for name in checked:
        if type(name) is not str:
            raise Unsavable(value, f"its __dict__ has the key {name!r}, which is no plain str")
    return checked


def save_by_name(writer: Writer, value: Any) -> None:
    """Write a value that has no saved form as the global that holds it.

    Raises:
        Unsavable: no known module has it as a global.
    """
    name = writer.registry.search(value)
    if name is None:
        raise Unsavable(value, advice_for(value))
    writer.reference(value, name)


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
            *(key, f.INSTANCE, class_name(type(value), writer.registry, value)),
            *_checked(value, attributes),
        )
    writer.stream.append(tag)
    return iter(attributes.values())


def _save_large(writer: Writer, value: Any, attributes: dict[str, Any]) -> Iterator[Any]:
    key = (f.DERIVED, type(value))
    tag = writer.tag(key) or writer.shape(
        key, f.DERIVED, class_name(type(value), writer.registry, value), "object"
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
        operator.attrgetter(*names) if len(names) > 1 else lambda v: tuple(_get(v, slots).values())
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
            found = _get(value, slots)
            present = found
            key, values = (kind, *found), tuple(found.values())
        else:
            present = names
        tag = writer.tag(key)
        if tag is None:
            tag = writer.shape(key, f.INSTANCE, class_name(kind, writer.registry, value), *present)
        writer.stream.append(tag)
        return iter(values)

    return save


def _raise_attribute_error(value: Any) -> Any:
    raise AttributeError


def _get(value: Any, slots: dict[str, Any]) -> dict[str, Any]:
    """Return the slots that are set."""
    present = {}
    for name in sorted(slots):
        try:
            present[name] = slots[name].__get__(value)
        except AttributeError:
            continue
    return present


def _attributes(value: Any, slots: dict[str, Any], skip: frozenset[str]) -> dict[str, Any]:
    attributes = _get(value, slots)
    for name, one in getattr(value, "__dict__", {}).items():
        if name not in skip:
            attributes[name] = one
    return attributes


def _save_mixed(
    writer: Writer, value: Any, *, slots: dict[str, Any], skip: frozenset[str]
) -> Iterator[Any]:
    writer.memo[id(value)] = len(writer.memo)
    attributes = _attributes(value, slots, skip)
    key = (type(value), *attributes)
    tag = writer.tag(key)
    if tag is None:
        tag = writer.shape(
            *(key, f.INSTANCE, class_name(type(value), writer.registry, value)),
            *_checked(value, attributes),
        )
    writer.stream.append(tag)
    return iter(attributes.values())


def _save_derived(
    writer: Writer, value: Any, *, base: type, slots: dict[str, Any]
) -> Iterator[Any]:
    writer.memo[id(value)] = len(writer.memo)
    attributes = _attributes(value, slots, frozenset())
    key = (f.DERIVED, type(value), *attributes)
    tag = writer.tag(key)
    if tag is None:
        tag = writer.shape(
            key,
            f.DERIVED,
            class_name(type(value), writer.registry, value),
            base.__name__,
            *_checked(value, attributes),
        )
    writer.stream.append(tag)
    content = _CONTENT[base](value)
    writer.keep(content)
    return iter((content, *attributes.values()))


def _save_hooked(writer: Writer, value: Any) -> Iterator[Any]:
    writer.memo[id(value)] = len(writer.memo)
    kind = type(value)
    key = (f.HOOKED, kind)
    writer.stream.append(
        writer.tag(key) or writer.shape(key, f.HOOKED, class_name(kind, writer.registry, value))
    )
    state = value.__kwf_save__()
    writer.keep(state)
    return iter((state,))


def save_member(writer: Writer, value: Any) -> Iterator[Any] | None:
    """Write an enum member by its name, a combination of flags by its value."""
    key: Any = (f.MEMBER, type(value), value._name_)
    if value._name_ is None or type(value)._member_map_.get(value._name_) is not value:
        name = class_name(type(value), writer.registry, value)
        key = (f.MEMBER, type(value))
        writer.stream.append(writer.tag(key) or writer.shape(key, f.MEMBER, name, ""))
        return iter((value._value_,))
    tag = writer.tag(key)
    if tag is None:
        name = class_name(type(value), writer.registry, value)
        tag = writer.shape(key, f.MEMBER, name, value._name_)
    writer.stream.append(tag)
    return None


# Reading


def resolve_class(reader: Reader, name: str) -> Any:
    """Return the class of a name.

    Raises:
        DecodeError: it is the name of something else.
        CodeMissingError: nothing has that name.
    """
    kind = reader.registry.resolve(name)
    if not isinstance(kind, type):
        raise DecodeError(f"saved state uses {name} as a class, and it is none")
    return kind


def make_setter(kind: type, name: str, names: tuple[str, ...]) -> Callable[[Any, Items], None]:
    """Return what sets attributes on an instance of a class, past its own ``__setattr__``.

    Raises:
        CodeMissingError: the class has no place for one of them any more.
    """
    slots = slot_descriptors(kind)
    setters = [(index, slots[one].__set__) for index, one in enumerate(names) if one in slots]
    others = [one for one in names if one not in slots]
    if others and kind.__dictoffset__ == 0:
        raise CodeMissingError(
            name, f"the class {name} has no attribute {others[0]!r} any more: keep it in __slots__"
        )
    if not names:
        return lambda target, items: None
    if not setters:

        def set_dict(target: Any, items: Items) -> None:
            target.__dict__.update(zip(names, items, strict=True))

        return set_dict
    if not others:

        def set_slots(target: Any, items: Items) -> None:
            for index, setter in setters:
                setter(target, items[index])

        return set_slots

    def set_both(target: Any, items: Items) -> None:
        for one, item in zip(names, items, strict=True):
            if one in slots:
                slots[one].__set__(target, item)
            else:
                target.__dict__[one] = item

    return set_both


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
        opened: Opened = (1, lambda items: kind(items[0]), -1)
        return lambda reader: opened
    value = members.get(member, _ABSENT)
    if value is _ABSENT:
        raise CodeMissingError(f"{name}.{member}")
    found: Opened = (0, lambda items: value, -1)
    return lambda reader: found


# Advice


def advice_for(value: object) -> str:
    """Return what to do about a value that cannot be saved."""
    module, name = type(value).__module__, type(value).__qualname__
    for prefix, advice in _ADVICE.items():
        if f"{module}.{name}".startswith(prefix):
            return advice
    return ADVICE_REGISTER


_ADVICE: Final = {
    "_io.": "close the file before the await, or open it again after it",
    "_thread.": "use asyncio.Lock, or keep the lock in a global of the module",
    "_socket.": "do the work in an activity (W.activity)",
    "ssl.": "do the work in an activity (W.activity)",
    "socket.": "do the work in an activity (W.activity)",
    "sqlite3.": "do the work in an activity (W.activity)",
    "builtins.coroutine": "a coroutine of code that is not compiled: compile its module too",
    "builtins.generator": "a generator of code that is not compiled: make a list of it first",
    "builtins.async_generator": "an async generator of code that is not compiled: compile it too",
    "builtins.frame": "do not keep frame objects across an await",
    "builtins.memoryview": "keep the bytes instead",
    "_asyncio.": "make it inside of the workflow thread, with the asyncio of a compiled module",
    "asyncio.": "make it inside of the workflow thread, with the asyncio of a compiled module",
    "itertools.": "itertools cannot be saved on this version of Python: make a list of it first",
    "typing.": "keep it in a global of the module",
}
