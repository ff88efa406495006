"""Types as values: generic aliases, unions, type variables; and annotations, made of them.

An alias is saved as what is subscripted and its arguments: a class, or the name of a form of
``typing``. A load subscribes only what is known to make an alias, never a workflow's own
``__class_getitem__``.

Limits: an annotation that has no saved form comes back as its text. ParamSpec, TypeVarTuple and the
type variables of 3.12's syntax are saved as references only.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import functools
import inspect
import operator
import types
import typing
from abc import ABCMeta
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from kwf_runtime.errors import DecodeError
from kwf_runtime.serial.builtin_names import FORMS
from kwf_runtime.serial.classes import save_by_name
from kwf_runtime.serial.opening import Build, Items
from kwf_runtime.serial.writer import Saver, Writer

if TYPE_CHECKING:
    from kwf_runtime.serial.registry import Registry

_typing: Any = typing
_CALLABLES: Final = (typing.Callable, collections.abc.Callable)
_SAMPLES: Final = (
    *(list[int], collections.abc.Callable[[], None], typing.Callable[[], None]),
    *(typing.Iterable[int], typing.Literal[1], typing.ClassVar[int], typing.Union[int, str]),  # noqa: UP007
)
_ALIASES: Final = tuple({type(one) for one in _SAMPLES} - {types.UnionType})
_ANNOTATED: Final[type] = type(typing.Annotated[int, 0])
_PLAIN: Final = (type(None), type(...), str, int, bytes, bool)
_OPERANDS: Final = frozenset((type, ABCMeta, enum.EnumMeta, type(None), typing.TypeVar, *_ALIASES))


def plain_annotations(annotations: dict[str, Any], registry: Registry) -> dict[str, Any]:
    """Return annotations, with the text of those that have no saved form."""
    return {
        name: one if _is_plain(one, registry) else inspect.formatannotation(one)
        for name, one in annotations.items()
    }


def _is_plain(annotation: Any, registry: Registry) -> bool:
    todo = [annotation]
    while todo:
        one = todo.pop()
        kind = type(one)
        if kind in _ALIASES:
            todo += (_base(one), *one.__args__)
        elif kind is types.UnionType:
            todo += one.__args__
        elif kind is dataclasses.InitVar:
            todo.append(one.type)
        elif kind not in _PLAIN and registry.name_of(one) is None:
            return False
    return True


def _base(value: Any) -> Any:
    """Return what was subscripted."""
    name = getattr(value, "_name", None)
    if isinstance(value, types.GenericAlias) or name not in FORMS or name == "Optional":
        return value.__origin__
    return FORMS[name]


def _save_alias(writer: Writer, value: Any) -> Iterator[Any] | None:
    base = _base(value)
    if getattr(value, "__unpacked__", False):
        save_by_name(writer, value)
        return None
    return writer.value("alias", (base, value.__args__))


def _build_alias(items: Items) -> Any:
    base, arguments = items
    if type(arguments) is not tuple or not (_is_form(base) or _makes_alias(base)):
        raise DecodeError("saved state has a wrong generic alias")
    if base is not typing.Literal and (_is_form(base) or issubclass(base, typing.Generic)):
        _refuse_text(arguments)
    if base in _CALLABLES:
        *parameters, result = arguments
        arguments = (... if parameters == [...] else parameters, result)
    elif len(arguments) == 1 and base is not tuple:
        arguments = arguments[0]
    return base[arguments]


def _refuse_text(arguments: tuple[Any, ...]) -> None:
    """Refuse text, also inside, that ``typing`` would compile as a forward reference."""
    if any(isinstance(one, (str, tuple, list)) for one in arguments):
        raise DecodeError("saved state has text for a type")


def _is_form(base: object) -> bool:
    return any(base is one for one in FORMS.values())


def _makes_alias(base: object) -> bool:
    """Whether subscription of a class is Python's own."""
    if base is type or base is collections.abc.Callable:
        return True
    if not isinstance(base, type) or "__getitem__" in vars(type(base)):
        return False
    own: Any = next((vars(one) for one in base.__mro__ if "__class_getitem__" in vars(one)), {})
    method: Any = own.get("__class_getitem__")
    function = getattr(method, "__func__", method)
    return function in (types.GenericAlias, _GENERIC) or isinstance(
        function, types.ClassMethodDescriptorType | types.BuiltinFunctionType
    )


_GENERIC: Final = getattr(vars(typing.Generic)["__class_getitem__"], "__func__", None)


def _save_annotated(writer: Writer, value: Any) -> Iterator[Any] | None:
    return writer.value("Annotated", (value.__origin__, value.__metadata__))


def _build_annotated(items: Items) -> Any:
    origin, metadata = items
    _refuse_text((origin,))
    return _typing.Annotated[(origin, *metadata)]


def _save_union(writer: Writer, value: Any) -> Iterator[Any] | None:
    return writer.value("union", value.__args__)


def _build_union(items: Items) -> Any:
    if any(type(one) not in _OPERANDS for one in items):
        raise DecodeError("saved state has a union of what are no types")
    return functools.reduce(operator.or_, items)


def _save_initvar(writer: Writer, value: dataclasses.InitVar[Any]) -> Iterator[Any] | None:
    return writer.value("InitVar", (value.type,))


def _save_variable(writer: Writer, value: Any) -> Iterator[Any] | None:
    if writer.registry.name_of(value) is not None or getattr(value, "__infer_variance__", False):
        save_by_name(writer, value)
        return None
    variance = (value.__covariant__, value.__contravariant__)
    return writer.node(
        value, "TypeVar", (value.__name__, value.__bound__, value.__constraints__, *variance)
    )


def _build_variable(items: Items) -> Any:
    name, bound, constraints, covariant, contravariant = items
    _refuse_text((bound, *constraints))
    make: Any = typing.TypeVar
    return make(name, *constraints, bound=bound, covariant=covariant, contravariant=contravariant)


SAVERS: Final[dict[type, Saver]] = {
    **dict.fromkeys({type(one) for one in FORMS.values()}, save_by_name),
    **dict.fromkeys(_ALIASES, _save_alias),
    _ANNOTATED: _save_annotated,
    types.UnionType: _save_union,
    dataclasses.InitVar: _save_initvar,
    typing.TypeVar: _save_variable,
}

VALUE_BUILDERS: Final[dict[str, Build]] = {
    "alias": _build_alias,
    "Annotated": _build_annotated,
    "union": _build_union,
    "InitVar": lambda items: dataclasses.InitVar(items[0]),
}

NODE_BUILDERS: Final[dict[str, Build]] = {"TypeVar": _build_variable}
