"""Layouts of code, as a store keeps them: so that a saved thread can be shown without its code.

An engine stores the layouts of the code that it has loaded; entries of code that is gone stay, for
threads that are suspended in it. docs/format.md, section "Store", specifies the bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgpack

from kwf_runtime.errors import DecodeError
from kwf_runtime.serial.layout import Layout

if TYPE_CHECKING:
    from kwf_runtime.serial.registry import Registry

_VERSION = 1


@dataclass(frozen=True, slots=True)
class StoredLayout:
    """A layout, and the source file that its lines are of."""

    file: str
    layout: Layout


def encode_layouts(registry: Registry) -> dict[str, bytes]:
    """Return, by code id, the bytes of the layouts of all code that is loaded."""
    return {
        code_id: encode_layout(StoredLayout(registry.entry(code_id).code.co_filename, layout))
        for code_id, layout in registry.layouts()
    }


def decode_layout(data: bytes) -> StoredLayout:
    """Return the layout in those bytes.

    Raises:
        DecodeError: They are damaged, or of a newer version.
    """
    try:
        version, file, name, kind, params, labels = msgpack.unpackb(data, use_list=False)
        if version != _VERSION:
            raise DecodeError(f"a stored layout has version {version}, this kwf reads {_VERSION}")
        return StoredLayout(file, Layout.of(name, kind, labels, params))
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise DecodeError(f"a stored layout is malformed: {error}") from error


def encode_layout(stored: StoredLayout) -> bytes:
    """Return the bytes that `decode_layout` reads."""
    layout = stored.layout
    labels: Iterable[tuple[str, int, tuple[str, ...]]] = [
        (label.name, label.line, label.slots) for label in layout.labels
    ]
    data: bytes = msgpack.packb(
        (_VERSION, stored.file, layout.name, layout.kind, layout.params, labels)
    )
    return data
