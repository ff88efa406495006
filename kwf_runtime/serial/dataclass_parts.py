"""What a dataclass decorator leaves in a class of a function: fields, parameters, methods.

The fields and the parameters are saved. The methods are not: their code is no module's. A load has
``dataclasses`` write them again, from names that must be identifiers and nothing else.

Limits: for classes saved by value (``local_classes``); a dataclass of a module is a reference.
"""

from __future__ import annotations

import dataclasses
import keyword
import types
from collections.abc import Iterator
from typing import Any, Final

from kwf_runtime.core.savable import singleton
from kwf_runtime.errors import DecodeError
from kwf_runtime.serial.opening import Build, Items
from kwf_runtime.serial.type_values import plain_annotations
from kwf_runtime.serial.writer import Saver, Writer

PARAMS: Final = "__dataclass_params__"
_FIELDS: Final = "__dataclass_fields__"
_ABSENT: Final = object()

_internal: Any = dataclasses
_KINDS: Final[dict[str, Any]] = {
    one.name: one for one in (_internal._FIELD, _internal._FIELD_CLASSVAR, _internal._FIELD_INITVAR)
}
_FILES: Final = ("<string>", dataclasses.dataclass.__code__.co_filename)
_ARGUMENTS: Final = ("init", "repr", "eq", "order", "unsafe_hash", "frozen")

singleton("dataclasses.MISSING", dataclasses.MISSING)


def generated_names(kind: type) -> set[str]:
    """Return the names of the methods that the decorator has made."""
    own = vars(kind)
    if PARAMS not in own:
        return set()
    return {
        name
        for name, one in own.items()
        if type(one) is types.FunctionType and one.__code__.co_filename in _FILES
    }


def parameters(params: object) -> dict[str, Any]:
    """Return the arguments that the decorator had."""
    names: tuple[str, ...] = type(params).__slots__  # type: ignore[attr-defined]
    return {name: getattr(params, name) for name in names}


def generate(kind: type, params: Any, *, slotted: bool) -> None:
    """Make the methods again.

    Raises:
        DecodeError: the fields are none that a class can have.
    """
    own = vars(kind)
    fields = own.get(_FIELDS)
    if type(fields) is not dict or type(params) is not dict:
        raise DecodeError("saved state has a wrong dataclass")
    arguments = {name: params.get(name) for name in _ARGUMENTS}
    if any(type(one) is not bool for one in params.values()) or None in arguments.values():
        raise DecodeError("saved state has a wrong dataclass")
    annotations, templates = {}, {}
    for name, one in fields.items():
        if type(name) is not str or not name.isidentifier() or keyword.iskeyword(name):
            raise DecodeError(f"saved state has a field {name!r} of a dataclass")
        if type(one) is not dataclasses.Field:
            raise DecodeError(f"saved state has a wrong field {name!r} of a dataclass")
        if one._field_type is _internal._FIELD_CLASSVAR:  # type: ignore[attr-defined]
            continue
        is_field = one._field_type is _internal._FIELD  # type: ignore[attr-defined]
        known = is_field or type(one.type) is dataclasses.InitVar
        annotations[name] = one.type if known else dataclasses.InitVar[object]
        templates[name] = _copy(one)
    for_now = {**templates, "__annotations__": annotations, "__doc__": ".", _FIELDS: {}}
    before = {name: own.get(name, _ABSENT) for name in for_now}
    for name, item in for_now.items():
        type.__setattr__(kind, name, item)
    decorate: Any = dataclasses.dataclass
    decorate(**arguments, match_args="__match_args__" in own)(kind)
    for name, item in before.items():
        if item is not _ABSENT:
            type.__setattr__(kind, name, item)
        elif name in own:
            type.__delattr__(kind, name)
    made = own[PARAMS]
    for name in set(params).intersection(type(made).__slots__):
        setattr(made, name, params[name])
    if slotted and arguments["frozen"]:
        for name in ("getstate", "setstate"):
            if f"__{name}__" not in own:
                type.__setattr__(kind, f"__{name}__", getattr(_internal, f"_dataclass_{name}"))


def _copy(one: dataclasses.Field[Any]) -> Any:
    given = {
        name: getattr(one, name)
        for name in ("default", "default_factory", "init", "repr", "hash", "compare")
    }
    make: Any = dataclasses.field
    return make(**given, metadata=one.metadata, kw_only=one.kw_only)


def _save_field(writer: Writer, value: Any) -> Iterator[Any] | None:
    annotation = plain_annotations({"": value.type}, writer.registry)[""]
    return writer.node(
        value,
        "dataclasses.Field",
        (
            *(value.name, annotation, value.default, value.default_factory, value.init),
            *(value.repr, value.hash, value.compare, dict(value.metadata), value.kw_only),
            value._field_type.name,
        ),
    )


def _build_field(items: Items) -> Any:
    name, annotation, default, factory, *flags, metadata, kw_only, kind = items
    make: Any = dataclasses.Field
    field = make(default, factory, *flags, metadata or None, kw_only)
    field.name, field.type, field._field_type = name, annotation, _KINDS[kind]
    return field


SAVERS: Final[dict[type, Saver]] = {dataclasses.Field: _save_field}

NODE_BUILDERS: Final[dict[str, Build]] = {"dataclasses.Field": _build_field}
