"""Functions, cells, methods, partials, classes and modules.

A function of a module is a reference. Any other function of a compiled module (nested, a lambda) is
written as its code id, its cells and what is not as its ``def`` left it, and is rebuilt on the code
object that the loaded module has. Cells keep their identity: closures go on sharing variables.

Limits: an annotation that has no saved form comes back as its text. A function of code that no
compiled module has is refused.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import functools
import operator
import random
import re
import types
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from kwf_runtime.errors import CodeMissingError, DecodeError
from kwf_runtime.serial import framing as f
from kwf_runtime.serial.classes import class_name, save_by_name
from kwf_runtime.serial.opening import Build, Items, Opened, Opener
from kwf_runtime.serial.reader import Reader
from kwf_runtime.serial.registry import CodeEntry, Registry
from kwf_runtime.serial.type_values import plain_annotations
from kwf_runtime.serial.writer import Saver, Unsavable, Writer

_FIELDS: Final = (
    *("defaults", "kwdefaults", "dict", "name", "qualname", "doc", "module", "annotations"),
)


def save_class(writer: Writer, value: type) -> None:
    """Write a class as a reference."""
    name = class_name(value, writer, value)
    if name[0] == "^":
        writer.stream.append(None)  # only this time: in the next, its header comes first
    else:
        writer.reference(value, name)


def save_function(writer: Writer, value: types.FunctionType) -> Iterator[Any] | None:
    """Write a function: by name if it has one, else by its code."""
    registry = writer.registry
    name = registry.name_of(value)
    if name is not None:
        writer.reference(value, name)
        return None
    code = value.__code__
    entry = registry.code_entry(code)
    if entry is None or value.__globals__ is not entry.namespace:
        name = registry.search(value)
        if name is None:
            raise Unsavable(value, _advice_for_function(value))
        writer.reference(value, name)
        return None
    writer.memo[id(value)] = len(writer.memo)
    fields = changed(value, code, registry)
    cells = code.co_freevars
    key = (f.FUNCTION, entry, *fields)
    tag = writer.tag(key)
    if tag is None:
        tag = writer.shape(key, f.FUNCTION, entry.id, cells, tuple(fields))
    writer.stream.append(tag)
    contents = write_cells(writer, value.__closure__) if cells else []
    contents += fields.values()
    if not contents:
        return None
    writer.keep(fields)
    return iter(contents)


def _advice_for_function(value: types.FunctionType) -> str:
    where = f"{value.__code__.co_filename}:{value.__code__.co_firstlineno}"
    if "<locals>" in value.__qualname__ or value.__name__ == "<lambda>":
        return f"a function inside of code that is not compiled ({where}): compile its module too"
    return f"import the function ({where}) by name in the workflow's module, or W.register it"


def changed(value: types.FunctionType, code: types.CodeType, registry: Registry) -> dict[str, Any]:
    """Return what differs from a function that is made of the code alone."""
    fields: dict[str, Any] = {}
    if value.__defaults__:
        fields["defaults"] = value.__defaults__
    if value.__kwdefaults__:
        fields["kwdefaults"] = value.__kwdefaults__
    if value.__dict__:
        fields["dict"] = value.__dict__
    if value.__name__ != code.co_name:
        fields["name"] = value.__name__
    if value.__qualname__ != code.co_qualname:
        fields["qualname"] = value.__qualname__
    if value.__doc__ != _doc(code):
        fields["doc"] = value.__doc__
    if value.__module__ != value.__globals__.get("__name__"):
        fields["module"] = value.__module__
    if value.__annotations__:
        fields["annotations"] = plain_annotations(value.__annotations__, registry)
    return fields


def _doc(code: types.CodeType) -> str | None:
    first = code.co_consts[0] if code.co_consts else None
    return first if isinstance(first, str) else None


def write_cells(writer: Writer, closure: tuple[types.CellType, ...] | None) -> list[Any]:
    """Write the cells of a closure; return the contents of those that were not written before."""
    contents = []
    memo, append = writer.memo, writer.stream.append
    for cell in closure or ():
        number = memo.get(id(cell))
        if number is not None:
            append(f.REF)
            append(number)
            continue
        memo[id(cell)] = len(memo)
        try:
            contents.append(cell.cell_contents)
        except ValueError:
            append(f.EMPTY_CELL)
        else:
            append(f.CELL)
    return contents


def _save_cell(writer: Writer, value: types.CellType) -> Iterator[Any] | None:
    contents = write_cells(writer, (value,))
    return iter(contents) if contents else None


# Reading


def read_cells(reader: Reader, count: int) -> tuple[tuple[types.CellType, ...], list[Any]]:
    """Read the cells of a closure; return all, and those whose contents are still to be read."""
    closure, new = [], []
    refs, stream = reader.refs, reader.stream
    for _ in range(count):
        tag = next(stream)
        if tag == f.CELL or tag == f.EMPTY_CELL:
            cell = types.CellType()
            refs.append(cell)
            if tag == f.CELL:
                new.append(cell)
        else:
            number = next(stream)
            if tag != f.REF or type(number) is not int or number < 0:
                raise DecodeError("saved state has no cell where a captured variable belongs")
            cell = refs[number]
            if type(cell) is not types.CellType:
                raise DecodeError("saved state has no cell where a captured variable belongs")
        closure.append(cell)
    return tuple(closure), new


def check_cells(entry: CodeEntry, names: tuple[str, ...]) -> None:
    """Check that the code captures the variables that were saved.

    Raises:
        CodeMissingError: it does not.
    """
    if entry.code.co_freevars != names:
        raise CodeMissingError(
            entry.id,
            f"the code {entry.id} captures other variables now "
            f"({', '.join(entry.code.co_freevars)}) than when it was saved ({', '.join(names)}): "
            "run the module version that has it",
        )


def function_opener(
    reader: Reader, code_id: str, cells: tuple[str, ...], fields: tuple[str, ...]
) -> Opener:
    """Read functions of one code object with these fields."""
    entry = reader.registry.entry(code_id)
    check_cells(entry, cells)
    if not set(fields) <= set(_FIELDS):
        raise DecodeError("saved state has unknown fields of a function")
    code, namespace, size = entry.code, entry.namespace, len(cells)
    setters = [_SETTERS[name] for name in fields]

    def fill(target: tuple[Any, list[Any]], items: Items) -> None:
        function, new = target
        for cell, content in zip(new, items):  # noqa: B905  (the fields follow)
            cell.cell_contents = content
        for setter, item in zip(setters, items[len(new) :], strict=True):
            setter(function, item)

    def open_function(reader: Reader) -> Opened:
        number = len(reader.refs)
        reader.refs.append(None)
        closure, new = read_cells(reader, size)
        function = types.FunctionType(code, namespace, None, None, closure or None)
        reader.refs[number] = function
        if not new and not setters:
            return 0, None, function

        def fill_function(function: Any, items: Items) -> None:
            fill((function, new), items)

        return len(new) + len(setters), fill_function, function

    return open_function


def _set_defaults(function: types.FunctionType, value: Any) -> None:
    function.__defaults__ = value


def _set_kwdefaults(function: types.FunctionType, value: Any) -> None:
    function.__kwdefaults__ = value


def _set_dict(function: types.FunctionType, value: Any) -> None:
    if type(value) is not dict:
        raise DecodeError("saved state has a wrong __dict__ of a function")
    function.__dict__ = value


def _set_attribute(name: str) -> Callable[[types.FunctionType, Any], None]:
    return lambda function, value: setattr(function, name, value)


_SETTERS: Final[dict[str, Callable[[types.FunctionType, Any], None]]] = {
    "defaults": _set_defaults,
    "kwdefaults": _set_kwdefaults,
    "dict": _set_dict,
    **{
        name: _set_attribute(f"__{name}__")
        for name in ("name", "qualname", "doc", "module", "annotations")
    },
}


# Methods and partials

_METHOD_OWNERS: Final[dict[str, type]] = {
    kind.__name__: kind
    for kind in (
        *(list, dict, set, bytearray, str, bytes, tuple, frozenset, int, float, complex, range),
        *(collections.ChainMap, collections.Counter, collections.OrderedDict, collections.deque),
        *(collections.defaultdict, collections.UserDict, collections.UserList),
        *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta, decimal.Decimal),
        *(fractions.Fraction, random.Random, random.Random.__base__, re.Pattern, uuid.UUID),
    )
    if kind is not None
}
"""Library types whose methods may be kept: none reaches out of its own data."""


def _save_method(writer: Writer, value: types.MethodType) -> Iterator[Any] | None:
    function = value.__func__
    if _library_method(value.__self__, getattr(function, "__name__", "")) is function:
        return writer.node(value, "builtin_method", (value.__self__, function.__name__))
    return writer.node(value, "method", (function, value.__self__))


def _build_method(items: Items) -> Any:
    function, instance = items
    if not callable(function) or instance is None:
        raise DecodeError("saved state has a wrong method")
    return types.MethodType(function, instance)


def _save_builtin(writer: Writer, value: types.BuiltinFunctionType) -> Iterator[Any] | None:
    owner = value.__self__
    if owner is None or isinstance(owner, (types.ModuleType, type)):
        save_by_name(writer, value)
        return None
    if _library_method(owner, value.__name__) is None:
        save_by_name(writer, value)
        return None
    return writer.node(value, "builtin_method", (owner, value.__name__))


def _library_method(owner: object, name: str) -> Any:
    """Return the function or descriptor behind a method of a library type, None if it is none."""
    for kind in type(owner).__mro__:
        if name in kind.__dict__:
            method = kind.__dict__[name]
            known = _METHOD_OWNERS.get(kind.__name__) is kind
            if getattr(method, "__code__", None) in _NAMEDTUPLE_CODE:
                return method
            return method if known and type(method) in _METHOD_TYPES else None
    return None


_METHOD_TYPES: Final = (types.MethodDescriptorType, types.FunctionType)
_NAMEDTUPLE: Final = vars(collections.namedtuple("_NAMEDTUPLE", ()))
_NAMEDTUPLE_CODE: Final = frozenset(_NAMEDTUPLE[n].__code__ for n in ("_replace", "_asdict"))
"""Of methods that every named tuple has, each class its own."""


def _build_builtin_method(items: Items) -> Any:
    owner, name = items
    method = _library_method(owner, name)
    if method is None:
        raise DecodeError("saved state has a wrong method of a library type")
    return method.__get__(owner)


def _save_descriptor(writer: Writer, value: types.MethodDescriptorType) -> Iterator[Any] | None:
    owner = value.__objclass__
    if _METHOD_OWNERS.get(owner.__name__) is not owner:
        save_by_name(writer, value)
        return None
    return writer.value("unbound_method", (owner.__name__, value.__name__))


def _build_descriptor(items: Items) -> Any:
    owner, name = items
    method = _METHOD_OWNERS[owner].__dict__.get(name)
    if type(method) is not types.MethodDescriptorType:
        raise DecodeError("saved state has a wrong method of a builtin")
    return method


def _save_partial(writer: Writer, value: functools.partial[Any]) -> Iterator[Any] | None:
    attributes = value.__dict__ or None
    return writer.node(value, "partial", (value.func, value.args, value.keywords, attributes))


def fill_partial(target: Any, items: Items) -> None:
    """Complete a partial, which may be its own argument."""
    target.__setstate__(tuple(items))


def new_partial() -> Any:
    """Return a partial that is to be filled."""
    return functools.partial(operator.truth)


def _save_static(writer: Writer, value: Any) -> Iterator[Any] | None:
    return writer.node(value, type(value).__name__, (value.__func__,))


def _save_property(writer: Writer, value: property) -> Iterator[Any] | None:
    return writer.node(value, "property", (value.fget, value.fset, value.fdel, value.__doc__))


def _save_cached_property(
    writer: Writer, value: functools.cached_property[Any]
) -> Iterator[Any] | None:
    return writer.node(value, "cached_property", (value.func, value.attrname))


def _build_cached_property(items: Items) -> Any:
    function, name = items
    if type(name) not in (str, type(None)):
        raise DecodeError("saved state has a wrong cached_property")
    made = functools.cached_property(function)
    made.attrname = name
    return made


def _save_getter(writer: Writer, value: Any) -> Iterator[Any] | None:
    arguments: tuple[Any, ...] = value.__reduce__()[1]
    name = type(value).__name__
    if not _is_harmless(name, arguments):
        raise Unsavable(value, "it reaches into Python's own objects: write a function instead")
    return writer.node(value, name, arguments)


def _getter_builder(name: str, kind: Callable[..., Any]) -> Build:
    def build(items: Items) -> Any:
        if not _is_harmless(name, items):
            raise DecodeError(f"saved state has a wrong {name}")
        return kind(*items)

    return build


def _is_harmless(name: str, arguments: Sequence[Any]) -> bool:
    """Whether a getter keeps out of functions, classes and frames."""
    return name == "itemgetter" or all(
        type(one) is str and "__" not in one and not _INTERNAL.search(one) for one in arguments
    )


_INTERNAL: Final = re.compile(r"(^|\.)(f|tb|gi|cr|ag|co)_")
_GETTERS: Final[dict[str, Any]] = {
    "itemgetter": operator.itemgetter,
    "attrgetter": operator.attrgetter,
}
"""Not methodcaller: with it, bytes could call whatever a module has that the workflow imports."""


SAVERS: Final[dict[type, Saver]] = {
    type: save_class,
    **dict.fromkeys(_GETTERS.values(), _save_getter),
    property: _save_property,
    functools.cached_property: _save_cached_property,
    types.FunctionType: save_function,
    types.CellType: _save_cell,
    types.MethodType: _save_method,
    types.BuiltinFunctionType: _save_builtin,
    types.MethodDescriptorType: _save_descriptor,
    types.ModuleType: save_by_name,
    functools.partial: _save_partial,
    staticmethod: _save_static,
    classmethod: _save_static,
}

VALUE_BUILDERS: Final[dict[str, Build]] = {"unbound_method": _build_descriptor}

NODE_BUILDERS: Final[dict[str, Build]] = {
    "method": _build_method,
    "builtin_method": _build_builtin_method,
    "staticmethod": lambda items: staticmethod(items[0]),
    "classmethod": lambda items: classmethod(items[0]),
    **{name: _getter_builder(name, kind) for name, kind in _GETTERS.items()},
    "property": lambda items: property(*items),
    "cached_property": _build_cached_property,
}
