"""Files in memory and arrays of numbers.

Limits: of these types exactly; a view that exports the memory of a buffer is not kept.
"""

from __future__ import annotations

import array
import io
from collections.abc import Callable, Iterator
from typing import Any, Final

from kwf_runtime.errors import DecodeError
from kwf_runtime.serial.opening import Fill, Items
from kwf_runtime.serial.writer import Saver, Unsavable, Writer

_STATE_SIZE: Final = {"StringIO": 3, "BytesIO": 2}


def _save_file(writer: Writer, value: Any) -> Iterator[Any] | None:
    if value.closed:
        raise Unsavable(value, "it is closed: forget it before the await")
    *state, attributes = value.__getstate__()
    if attributes:
        raise Unsavable(value, "it has attributes of its own: keep them elsewhere")
    return writer.node(value, type(value).__name__, tuple(state))


def _fill_file(target: Any, items: Items) -> None:
    if len(items) != _STATE_SIZE[type(target).__name__]:
        raise DecodeError(f"saved state has a wrong {type(target).__name__}")
    try:
        target.__setstate__((*items, None))
    except (TypeError, ValueError) as error:
        raise DecodeError(f"saved state has a wrong {type(target).__name__}: {error}") from None


def _save_array(writer: Writer, value: array.array[Any]) -> Iterator[Any] | None:
    return writer.node(value, f"array {value.typecode}", tuple(value))


def _fill_array(target: Any, items: Items) -> None:
    try:
        target.extend(items)
    except (TypeError, OverflowError) as error:
        raise DecodeError(f"saved state has a wrong array: {error}") from None


def _new_array(typecode: str) -> Callable[[], Any]:
    return lambda: array.array(typecode)


SAVERS: Final[dict[type, Saver]] = {
    io.StringIO: _save_file,
    io.BytesIO: _save_file,
    array.array: _save_array,
}

MUTABLE: Final[dict[str, tuple[Callable[[], Any], Fill]]] = {
    "StringIO": (io.StringIO, _fill_file),
    "BytesIO": (io.BytesIO, _fill_file),
    **{f"array {code}": (_new_array(code), _fill_array) for code in "bBuhHiIlLqQfd"},
}
