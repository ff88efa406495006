"""What is known of classes: their names, their layout in memory, how to set attributes.

Limits: a class whose instances have state in C, other than the builtins that ``derived`` lists, is
refused; so is one that no compiled module defines or names and that is not registered.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from kwf_runtime.errors import CodeMissingError, DecodeError
from kwf_runtime.serial.opening import Items
from kwf_runtime.serial.reader import Reader
from kwf_runtime.serial.writer import Unsavable, Writer

T = TypeVar("T")

_HEAP: Final = 1 << 9
_IMMUTABLE_TYPE: Final = 1 << 8

ADVICE_REGISTER: Final = (
    "register the class with W.register, or import it by name in the workflow's module"
)


def solid_base(kind: type) -> type:
    """Return the class in C that says how instances are laid out."""
    for base in kind.__mro__:
        if not base.__flags__ & _HEAP or base.__flags__ & _IMMUTABLE_TYPE:
            return base
        new = base.__dict__.get("__new__")
        if isinstance(new, types.BuiltinFunctionType) and new.__self__ is base:
            return base
    return object


def remember(function: Callable[[Any], T]) -> Callable[[Any], T]:
    """Remember what a function of a class returned."""
    return functools.lru_cache(1024)(function)


def per_class(function: Callable[[Any], T]) -> Callable[[Any], T]:
    """Remember what a function of a class returned, but keep no class alive that a state made."""
    remembered = remember(function)
    return lambda kind: function(kind) if is_local(kind) else remembered(kind)


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


def class_name(kind: type, writer: Writer, value: object) -> str:
    """Return the name that stands for a class.

    Raises:
        Unsavable: it has none.
    """
    registry = writer.registry
    name = registry.name_of(kind)
    if name is None and registry.class_body(f"{kind.__module__}:{kind.__qualname__}") is not None:
        from kwf_runtime.serial.local_classes import local_name  # it imports this module

        return local_name(writer, kind, value)
    name = name or registry.search(kind)
    if name is None:
        advice = "its class is made in a function: move it to the module"
        raise Unsavable(value, advice if is_local(kind) else ADVICE_REGISTER)
    return name


def is_local(kind: type) -> bool:
    """Whether a class was made in a function."""
    return "<locals>" in kind.__qualname__


def checked_names(value: object, names: Iterable[Any]) -> tuple[str, ...]:
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


def slot_values(value: Any, slots: dict[str, Any]) -> dict[str, Any]:
    """Return the slots that are set."""
    present = {}
    for name in sorted(slots):
        try:
            present[name] = slots[name].__get__(value)
        except AttributeError:
            continue
    return present


def attributes_of(value: Any, slots: dict[str, Any], skip: frozenset[str]) -> dict[str, Any]:
    """Return the attributes of an instance, in slots and in its ``__dict__``."""
    attributes = slot_values(value, slots)
    for name, one in getattr(value, "__dict__", {}).items():
        if name not in skip:
            attributes[name] = one
    return attributes


def resolve_class(reader: Reader, name: str) -> Any:
    """Return the class of a name.

    Raises:
        DecodeError: it is the name of something else.
        CodeMissingError: nothing has that name.
    """
    if name[:1] == "^":
        number = int(name[1:]) if name[1:].isdecimal() else -1
        if not 0 <= number < len(reader.classes):
            raise DecodeError(f"saved state has no class {name}")
        return reader.classes[number].kind
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

        def set_all_slots(target: Any, items: Items) -> None:
            for index, setter in setters:
                setter(target, items[index])

        return set_all_slots

    def set_both(target: Any, items: Items) -> None:
        for one, item in zip(names, items, strict=True):
            if one in slots:
                slots[one].__set__(target, item)
            else:
                target.__dict__[one] = item

    return set_both


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
    "_asyncio.": "make it inside of the workflow thread, with the asyncio of a compiled module",
    "asyncio.": "make it inside of the workflow thread, with the asyncio of a compiled module",
    "itertools.": "itertools cannot be saved on this version of Python: make a list of it first",
    "operator.methodcaller": "write a function instead",
    "typing.": "keep it in a global of the module",
}
