"""Frames: what is saved of the activation of a compiled function.

A frame is its code id, the name of the label where it waits, the values of the slots that the label
names, the cells that its step captures, and those of its other attributes that are not as in a
new frame. Names are part of the shape: written once for all frames at the same label.

Limits: a frame loads only where the loaded code has the same label with the same slots and captured
variables; otherwise it is a CodeMissingError, which parks the thread.
"""

from __future__ import annotations

import operator
import types
from collections.abc import Iterator
from typing import Any, Final

from kwf_runtime.core.asyncgen import AsyncGenerator
from kwf_runtime.core.coroutine import Coroutine
from kwf_runtime.core.frame import Frame
from kwf_runtime.core.generator import Generator, IterableCoroutine
from kwf_runtime.errors import CodeMissingError, DecodeError
from kwf_runtime.serial import framing as f
from kwf_runtime.serial.classes import remember
from kwf_runtime.serial.functions import check_cells, read_cells, write_cells
from kwf_runtime.serial.opening import Items, Opened, Opener
from kwf_runtime.serial.reader import Reader
from kwf_runtime.serial.registry import CodeEntry
from kwf_runtime.serial.writer import Unsavable, Writer

_OWN: Final = frozenset(("step", "pc", "slots", "__weakref__", "__dict__"))
_ENDED: Final = -1


@remember
def _attributes(kind: type[Frame]) -> tuple[str, ...]:
    """Return the attributes of a frame class besides code and slots."""
    names = {name for base in kind.__mro__ for name in getattr(base, "__slots__", ())}
    return tuple(sorted(names - _OWN))


@remember
def _defaults(kind: type[Frame]) -> tuple[Any, ...]:
    """Return what the attributes are in a new frame, in the order of ``_attributes``."""
    probe = kind(_no_step, ())
    probe.pc = _ENDED
    found = (getattr(probe, name, None) for name in _attributes(kind))
    return tuple(one if one is False or one == () else None for one in found)


def _no_step(frame: Frame, value: Any, thrown: bool) -> Any:
    """Stand for a step that is never run."""


@remember
def _getter(kind: type[Frame]) -> operator.attrgetter[tuple[Any, ...]]:
    return operator.attrgetter(*_attributes(kind))


NAMES: Final[dict[type[Frame], str]] = {
    Coroutine: "Coroutine",
    Generator: "Generator",
    AsyncGenerator: "AsyncGenerator",
    IterableCoroutine: "IterableCoroutine",
}
"""What stands for a class of frames in bytes, for ever."""
_CLASSES: Final = {name: kind for kind, name in NAMES.items()}


def _frame_class(name: str) -> type[Frame]:
    found = _CLASSES.get(name)
    if found is None:
        raise DecodeError(f"saved state has a frame of unknown kind {name!r}")
    return found


def save_frame(writer: Writer, value: Frame) -> Iterator[Any] | None:
    """Write a frame."""
    kind = type(value)
    step: Any = value.step
    entry = writer.registry.code_entry(step.__code__)
    if entry is None or entry.layout is None:
        raise Unsavable(value, f"its function {step.__qualname__} is of no compiled module")
    writer.memo[id(value)] = len(writer.memo)
    pc, slots = value.pc, value.slots
    if pc < 0:
        key: Any = (kind, entry, _ENDED)
        ended = writer.tag(key) or writer.shape(
            key, f.FRAME, NAMES[kind], entry.id, None, (), (), ()
        )
        writer.stream.append(ended)
        return None
    found, defaults = _getter(kind)(value), _defaults(kind)
    names: list[str] = []
    values: list[Any] = []
    for name, one, default in zip(_attributes(kind), found, defaults, strict=True):
        if one is not default:
            names.append(name)
            values.append(one)
    key = (kind, entry, pc, *names)
    tag = writer.tag(key)
    if tag is None:
        tag = _frame_shape(writer, key, kind, entry, pc, slots, names)
    writer.stream.append(tag)
    closure = step.__closure__
    contents = write_cells(writer, closure) if closure else []
    contents += slots
    contents += values
    return iter(contents)


def _frame_shape(
    writer: Writer,
    key: Any,
    kind: type[Frame],
    entry: CodeEntry,
    pc: int,
    slots: tuple[Any, ...],
    names: list[str],
) -> int:
    layout = entry.layout
    assert layout is not None
    expected = layout.slots(pc)
    if len(expected) != len(slots):
        raise ValueError(
            f"{entry.id} has {len(slots)} slots at {layout.label(pc)!r}, its layout has {expected}"
        )
    return writer.shape(
        *(key, f.FRAME, NAMES[kind], entry.id, layout.label(pc)),
        *(expected, entry.code.co_freevars, tuple(names)),
    )


def frame_opener(
    reader: Reader,
    class_name: str,
    code_id: str,
    label: Any,
    slots: tuple[str, ...],
    cells: tuple[str, ...],
    names: tuple[str, ...],
) -> Opener:
    """Read frames at one label of one function."""
    kind = _frame_class(class_name)
    entry = reader.registry.step(code_id)
    if label is None:
        return _ended_opener(kind, entry)
    pc = _pc(entry, label, slots)
    check_cells(entry, cells)
    allowed = _attributes(kind)
    if not set(names) <= set(allowed):
        raise DecodeError(f"saved state has unknown attributes of a frame: {names}")
    defaults = {
        name: default
        for name, default in zip(allowed, _defaults(kind), strict=True)
        if name not in names
    }
    code, namespace, cell_count, slot_count = entry.code, entry.namespace, len(cells), len(slots)
    total = slot_count + len(names)

    def open_frame(reader: Reader) -> Opened:
        frame: Any = object.__new__(kind)
        frame.pc = _ENDED  # until it is complete, for its __del__
        reader.refs.append(frame)
        closure, new = read_cells(reader, cell_count)
        frame.step = types.FunctionType(code, namespace, None, None, closure or None)
        for name, default in defaults.items():
            setattr(frame, name, default)
        if not new and not total:
            frame.slots, frame.pc = (), pc
            return 0, None, frame

        def fill(frame: Any, items: Items) -> None:
            start = len(new)
            for cell, content in zip(new, items):  # noqa: B905  (the slots follow)
                cell.cell_contents = content
            frame.slots = tuple(items[start : start + slot_count])
            for name, item in zip(names, items[start + slot_count :], strict=True):
                setattr(frame, name, item)
            frame.pc = pc

        return len(new) + total, fill, frame

    return open_frame


def _pc(entry: CodeEntry, label: str, slots: tuple[str, ...]) -> int:
    layout = entry.layout
    if layout is None:
        raise DecodeError(f"saved state has a frame of {entry.id}, which has no layout")
    pc = layout.pc(label)
    if pc is None:
        raise CodeMissingError(
            entry.id,
            f"the code {entry.id} has no await {label!r} any more: "
            "run the module version that has it",
        )
    if layout.slots(pc) != slots:
        raise CodeMissingError(
            entry.id,
            f"the code {entry.id} keeps other variables at {label!r} now "
            f"({', '.join(layout.slots(pc))}) than when it was saved ({', '.join(slots)}): "
            "run the module version that has it",
        )
    return pc


def _ended_opener(kind: type[Frame], entry: CodeEntry) -> Opener:
    code, namespace = entry.code, entry.namespace

    def open_ended(reader: Reader) -> Opened:
        frame: Any = object.__new__(kind)
        frame.pc = _ENDED
        frame.slots = ()
        cells = tuple(types.CellType() for _ in code.co_freevars)
        frame.step = types.FunctionType(code, namespace, None, None, cells or None)
        for name, default in zip(_attributes(kind), _defaults(kind), strict=True):
            setattr(frame, name, default)
        reader.refs.append(frame)
        return 0, None, frame

    return open_ended
