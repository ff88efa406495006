"""How values begin to be read: what an opener is, and those of the builtin tags.

Limits: the openers of shapes are with their writers; ``plans`` knows which is whose.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kwf_runtime.core.unbound import UNBOUND
from kwf_runtime.errors import DecodeError
from kwf_runtime.serial import framing as f

if TYPE_CHECKING:
    from kwf_runtime.serial.reader import Reader

Items = list[Any]
Build = Callable[[Items], Any]
"""Makes an immutable value of its children."""
Fill = Callable[[Any, Items], None]
"""Completes an object, made before, with its children."""

IMMUTABLE: Final = -1
"""The target of an open value that gets no number."""

Opened = tuple[int, "Build | Fill | None", Any]
"""The number of children, what completes the value, and the target.

The target is an object that is filled, or the number of a value that is built, or IMMUTABLE.
"""
Opener = Callable[["Reader"], Opened]
"""Begins a value of one shape, and gives it its number if it has an identity."""

KEYS: Final = frozenset((type(None), bool, int, float, str, bytes))
"""Types of keys whose hash needs no other object."""

NOT_YET: Final = object()
"""What a build returns if its value must wait until everything else is there."""


@dataclass(frozen=True, slots=True)
class LocalClass:
    """A class that the state itself has; see ``local_classes``."""

    kind: type
    code_id: str


def read_index(stream: Iterator[Any]) -> int:
    """Read the number of a value or a string.

    Raises:
        DecodeError: it is no number.
    """
    number = next(stream)
    if type(number) is not int or number < 0:
        raise DecodeError("saved state has a wrong reference")
    return number


def count(reader: Reader) -> int:
    """Read a count of children.

    Raises:
        DecodeError: it is not a count, or more than there are elements.
    """
    number = next(reader.stream)
    if type(number) is not int or not 0 <= number <= reader.stream.__length_hint__():  # type: ignore[attr-defined]
        raise DecodeError("saved state has a wrong count")
    return number


def fill_by_hash(target: Any, items: Items) -> None:
    """Fill a set with its elements, or a dict with keys and values in turn."""
    if type(target) is set:
        target.update(items)
    else:
        target.update(zip(items[::2], items[1::2], strict=True))


# Openers of the builtin tags


def _open_negative(reader: Reader) -> Opened:
    return _ready(-1 - read_index(reader.stream))


def _open_big(reader: Reader) -> Opened:
    digits = next(reader.stream)
    if type(digits) is not bytes:
        raise DecodeError("saved state has a wrong integer")
    return _ready(int.from_bytes(digits, "big", signed=True))


def _ready(value: Any) -> Opened:
    """A value that has no children and no number."""
    return 0, None, value


def _open_list(reader: Reader) -> Opened:
    value: Items = []
    reader.refs.append(value)
    return count(reader), None, value


def _open_empty_list(reader: Reader) -> Opened:
    value: Items = []
    reader.refs.append(value)
    return 0, None, value


def _open_dict(reader: Reader) -> Opened:
    value: dict[Any, Any] = {}
    reader.refs.append(value)
    return 2 * count(reader), fill_by_hash, value


def _open_empty_dict(reader: Reader) -> Opened:
    value: dict[Any, Any] = {}
    reader.refs.append(value)
    return 0, None, value


def _open_tuple_of(size: int) -> Opener:
    def open_tuple(reader: Reader) -> Opened:
        reader.refs.append(None)
        return size, tuple, len(reader.refs) - 1

    return open_tuple


def _open_tuple(reader: Reader) -> Opened:
    reader.refs.append(None)
    return count(reader), tuple, len(reader.refs) - 1


def _open_empty_tuple(reader: Reader) -> Opened:
    return 0, tuple, IMMUTABLE


def _open_set(reader: Reader) -> Opened:
    value: set[Any] = set()
    reader.refs.append(value)
    return count(reader), fill_by_hash, value


def _open_frozenset(reader: Reader) -> Opened:
    size = count(reader)
    if not size:
        return 0, frozenset, IMMUTABLE
    reader.refs.append(None)
    return size, frozenset, len(reader.refs) - 1


def _open_bytearray(reader: Reader) -> Opened:
    content = next(reader.stream)
    if type(content) is not bytes:
        raise DecodeError("saved state has a wrong bytearray")
    value = bytearray(content)
    reader.refs.append(value)
    return 0, None, value


def _open_cell(reader: Reader) -> Opened:
    value = types.CellType()
    reader.refs.append(value)
    return 1, _fill_cell, value


def _fill_cell(cell: types.CellType, items: Items) -> None:
    cell.cell_contents = items[0]


def _open_empty_cell(reader: Reader) -> Opened:
    value = types.CellType()
    reader.refs.append(value)
    return 0, None, value


def _open_unbound(reader: Reader) -> Opened:
    return _ready(UNBOUND)


OPENERS: Final[dict[int, Opener]] = {
    f.NEGATIVE: _open_negative,
    f.BIG: _open_big,
    f.LIST: _open_list,
    f.EMPTY_LIST: _open_empty_list,
    f.DICT: _open_dict,
    f.EMPTY_DICT: _open_empty_dict,
    f.TUPLE: _open_tuple,
    f.TUPLE_0: _open_empty_tuple,
    f.TUPLE_1: _open_tuple_of(1),
    f.TUPLE_2: _open_tuple_of(2),
    f.TUPLE_3: _open_tuple_of(3),
    f.SET: _open_set,
    f.FROZENSET: _open_frozenset,
    f.BYTEARRAY: _open_bytearray,
    f.CELL: _open_cell,
    f.EMPTY_CELL: _open_empty_cell,
    f.UNBOUND_TAG: _open_unbound,
}
