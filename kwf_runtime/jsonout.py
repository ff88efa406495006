"""JSON of results and outputs: what ``json`` writes, and the usual value types.

Dataclasses are objects; tuples and sets are arrays; datetime, date, UUID, Decimal and Path are
their text; an Enum is its value. The text is compact and not escaped, as JavaScript's
``JSON.stringify`` writes it.

Limits: anything else is an error that names its path; so are NaN, infinities, cycles, lone
surrogates, and a nesting over 500 levels, which no record may have.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import math
import pathlib
import uuid
from typing import Final

from kwf_runtime.errors import JsonError

MAX_DEPTH: Final = 500


def dumps(obj: object) -> str:
    """Return the JSON text of an object.

    Raises:
        JsonError: some part of it has no JSON form; the error names its path.
    """
    try:
        text = _ENCODER.encode(obj)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        _find_problem(obj)
        raise JsonError("$", str(error)) from error
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _find_problem(obj)
    return text


def _convert(obj: object) -> object:
    """Return what stands for an object that ``json`` does not know."""
    if dataclasses.is_dataclass(obj) and not isinstance(obj, type):
        return {field.name: getattr(obj, field.name) for field in dataclasses.fields(obj)}
    if isinstance(obj, enum.Enum):
        return obj.value
    if isinstance(obj, datetime.date):  # datetime.datetime too
        return obj.isoformat()
    if isinstance(obj, uuid.UUID | pathlib.PurePath):
        return str(obj)
    if isinstance(obj, decimal.Decimal):
        if not obj.is_finite():
            raise ValueError(f"Decimal({str(obj)!r}) is not a number that JSON has")
        return str(obj)
    if isinstance(obj, set | frozenset):
        return list(obj)
    raise TypeError(f"an object of type {type(obj).__qualname__} has no JSON form")


_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_convert
)


def _find_problem(root: object) -> None:
    """Raise a JsonError that names the part that cannot be written."""
    todo: list[tuple[object, str, tuple[int, ...]]] = [(root, "$", ())]
    while todo:
        obj, path, outer = todo.pop()
        _check_leaf(obj, path)
        if obj is None or isinstance(obj, str | int | float):
            continue
        if id(obj) in outer:
            raise JsonError(path, "it contains itself")
        if len(outer) > MAX_DEPTH:
            raise JsonError("$", f"nested over {MAX_DEPTH} levels")
        outer = (*outer, id(obj))
        if isinstance(obj, dict):
            for key, value in obj.items():
                if not (key is None or isinstance(key, str | int | float)):
                    raise JsonError(path, f"a key of type {type(key).__qualname__}: use a string")
                _check_leaf(key, f"{path}, a key")
                todo.append((value, _member(path, key), outer))
        elif isinstance(obj, list | tuple):
            todo.extend((item, f"{path}[{i}]", outer) for i, item in enumerate(obj))
        else:
            _add_converted(todo, obj, path, outer)


def _add_converted(
    todo: list[tuple[object, str, tuple[int, ...]]],
    obj: object,
    path: str,
    outer: tuple[int, ...],
) -> None:
    try:
        todo.append((_convert(obj), path, outer))
    except (TypeError, ValueError) as error:
        raise JsonError(path, str(error)) from None


def _check_leaf(obj: object, path: str) -> None:
    if isinstance(obj, float) and not math.isfinite(obj):
        raise JsonError(path, f"{obj!r} is not a number that JSON has")
    if isinstance(obj, str):
        try:
            obj.encode()
        except UnicodeEncodeError:
            raise JsonError(path, "a text with a lone surrogate, which UTF-8 cannot hold") from None


def _member(path: str, key: object) -> str:
    if isinstance(key, str) and key.isidentifier():
        return f"{path}.{key}"
    return f"{path}[{key!r}]"
