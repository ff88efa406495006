"""Where a saved thread waits, read from its bytes alone: no code of the workflow is loaded.

Lines and names come from the layouts that the engine has stored, source lines from the file if it
is there. Limits: values are shown as text; a value of a class is shown by what is saved of it.
"""

from __future__ import annotations

import itertools
import linecache
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kwf_runtime.errors import DecodeError
from kwf_runtime.runners.envelope import ThreadRecord
from kwf_runtime.runners.layouts import StoredLayout, decode_layout
from kwf_runtime.serial.inspection import Node, inspect_bytes, render

_VALUE_WIDTH: Final = 200
_OWN_CODE: Final = "kwf_runtime."
_OWN_COMPILED: Final = "_compiled"  # kwf's own compiled modules lie in there, beside their sources
_COMPILED: Final = re.compile(r"# kwf: compiled from (.+); ")
_OTHER: Final = "a future"
_CALLBACKS: Final = {
    "_set_result_unless_cancelled": "asyncio.sleep",
    "Timeout._on_timeout": "asyncio.timeout",
}
_ORDINAL: Final = re.compile(r"#\d+$")

# What the classes of `core/` write in their `__kwf_save__`, in that order.
_FUTURE: Final = ("loop", "status", "callbacks", "outcome", "cancelled", "foreign")
_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "kwf.ActivityCall": (*_FUTURE, "thread", "call_id", "name"),
    "kwf.Getter": (*_FUTURE, "channel", "item"),
    "kwf.Loop": ("tasks", "timers"),
    "kwf.Suspension": ("thread", "id", "chosen", "waiters"),
    "kwf.Task": (*_FUTURE, "coro", "context", "name", "waits"),
    "kwf.Waiter": (*_FUTURE, "suspension"),
    "kwf.WorkflowThread": (
        "thread_id",
        "workflow",
        "loop",
        "main",
        "suspensions",
        "channels",
        "calls",
    ),
}


@dataclass(frozen=True, slots=True)
class FrameView:
    """One function on the way to an await.

    Attributes:
        file: its source; None if no engine has stored its layout.
        line: the line where it waits.
        function: its qualified name.
        source: that line's text, or the awaited expression if the file is not there.
        locals: its variables and their values.
        own: whether it is kwf's own, not the workflow's.
    """

    file: str | None
    line: int | None
    function: str
    source: str
    locals: dict[str, str]
    own: bool


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task: its name, what it waits for, and its frames, the innermost last."""

    name: str
    waits: str
    frames: list[FrameView]


@dataclass(slots=True)
class ThreadView:
    """What `kwf show` tells of a thread besides its record; times are in ms since the epoch.

    `timers` are those of the thread's own asyncio, `scheduled` those of the scheduler's topic.
    """

    tasks: list[TaskView] = field(default_factory=list)
    refs: list[dict[str, Any]] = field(default_factory=list)
    channels: list[dict[str, Any]] = field(default_factory=list)
    timers: list[dict[str, Any]] = field(default_factory=list)
    scheduled: list[dict[str, Any]] = field(default_factory=list)
    activities: list[dict[str, Any]] = field(default_factory=list)
    unreadable: str | None = None


def view_thread(
    record: ThreadRecord,
    layouts: Mapping[str, bytes],
    scheduled: Sequence[tuple[int, bytes]] = (),
) -> ThreadView:
    """Return where the thread waits; of one that cannot be read, why.

    Args:
        record: What the store keeps.
        layouts: The layouts that engines have stored.
        scheduled: Due time and key of the timers in `workflow-scheduler`.
    """
    view = ThreadView()
    if record.state is not None:
        try:
            view = _view(inspect_bytes(record.state), layouts)
        except DecodeError as error:
            view = ThreadView(unreadable=str(error))
    view.scheduled = [
        {"due": due_ms, "value": key.partition(b"|")[2].decode()} for due_ms, key in scheduled
    ]
    return view


def _view(thread: Node, layouts: Mapping[str, bytes]) -> ThreadView:
    loop = _child(thread, "loop")
    return ThreadView(
        tasks=[_task(task, layouts) for task, _ in _entries(_child(loop, "tasks"))],
        refs=[_ref(key, node) for key, node in _entries(_child(thread, "suspensions"))],
        channels=[
            # A saved deque begins with its maxlen.
            {"name": key.value, "queued": len(_child(node, "items").items) - 1}
            for key, node in _entries(_child(thread, "channels"))
        ],
        timers=sorted(
            (_timer(node) for node in _child(loop, "timers").items if _is_set(node)),
            key=lambda timer: int(timer["due"]),
        ),
        activities=[
            {"call": key.value, "name": _child(node, "name").value}
            for key, node in _entries(_child(thread, "calls"))
        ],
    )


def _task(task: Node, layouts: Mapping[str, bytes]) -> TaskView:
    frames = [_frame(frame, layouts) for frame in _chain(_child(task, "coro"))]
    waits = _waits(_child(task, "waits"))
    if waits == _OTHER:
        waits = _called(frames) or waits
    return TaskView(_child(task, "name").value, waits, frames)


def _called(frames: list[FrameView]) -> str | None:
    """Return what of asyncio the workflow has called and waits for; None if that is not known."""
    own = list(itertools.takewhile(lambda frame: frame.own, reversed(frames)))
    if not own or own[-1].function.startswith("_"):
        return None
    return f"asyncio.{own[-1].function}"


def _chain(root: Node) -> list[Node]:
    """Return the frames of an await chain, the innermost last; none if it is not compiled."""
    if root.kind != "frame":
        return []
    frame: Node | None = root.get("leaf") or root
    chain = []
    while frame is not None and frame.kind == "frame":
        chain.append(frame)
        frame = None if frame is root else frame.get("caller")
    return chain[::-1]


def _frame(frame: Node, layouts: Mapping[str, bytes]) -> FrameView:
    module, _, function = frame.name.rpartition(":")
    stored = decode_layout(layouts[frame.name]) if frame.name in layouts else None
    line = _line(stored, frame.value)
    label = "its start" if frame.value == "" else _ORDINAL.sub("", frame.value or "its end")
    file = None if stored is None else _source_of(stored.file)
    text = linecache.getline(file, line).strip() if file and line else ""
    names = _words(file) if file else None
    return FrameView(
        file,
        line,
        function,
        text or label,
        {
            name: _text(node)
            for name, node in frame.locals().items()
            # What the compiler has added is no word of the source.
            if not names or name in names
        },
        module.startswith(_OWN_CODE),
    )


def _text(value: Node) -> str:
    """Return a value as text; of kwf's own objects what they are called, not what is in them."""
    if value.kind != "object" or not value.name.startswith("kwf."):
        return render(value, _VALUE_WIDTH)
    if value.name == "kwf.Suspension":
        return f"<ref {_child(value, 'id').value}>"
    if value.name == "kwf.Channel":
        return f"<channel {_child(value, 'name').value}>"
    waits = _waits(value)
    return f"<{value.name.removeprefix('kwf.')}>" if waits == _OTHER else f"<{waits}>"


def _line(stored: StoredLayout | None, label: str | None) -> int | None:
    if stored is None or label is None:
        return None
    pc = stored.layout.pc(label)
    return None if pc is None else stored.layout.line(pc)


def _source_of(file: str) -> str:
    """Return the source behind a compiled module, whose layouts have the source's lines."""
    found = _COMPILED.match(linecache.getline(file, 1))
    if found:
        return found[1]
    path = Path(file)
    return str(path.parents[1] / path.name) if path.parent.name == _OWN_COMPILED else file


def _words(file: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", "".join(linecache.getlines(file))))


def _waits(future: Node) -> str:
    """Say what a task waits for, in a few words."""
    if future.name == "kwf.Waiter":
        suspension = _child(future, "suspension")
        return f"ref {_child(suspension, 'id').value}"
    if future.name == "kwf.Getter":
        return f"channel {_child(_child(future, 'channel'), 'name').value}"
    if future.name == "kwf.ActivityCall":
        return f"activity {_child(future, 'name').value}"
    if future.name == "kwf.Task":
        return f"task {_child(future, 'name').value}"
    if future.kind == "leaf":
        return "its turn"
    return _OTHER


def _ref(key: Node, suspension: Node) -> dict[str, Any]:
    return {"id": key.value, "awaited": bool(_child(suspension, "waiters").items)}


def _is_set(timer: Node) -> bool:
    callback = timer.get("_callback")
    return callback is not None and callback.kind != "leaf"


def _timer(timer: Node) -> dict[str, Any]:
    callback = _child(timer, "_callback")
    while callback.kind == "value" and callback.items:  # a bound method: its function comes first
        callback = callback.items[0]
    name = callback.name.rpartition(":")[2]
    due_ms = round(_child(timer, "_when").value * 1000)
    return {"due": due_ms, "callback": _CALLBACKS.get(name, name)}


def _entries(table: Node) -> Iterator[tuple[Node, Node]]:
    if table.kind == "record":
        for label, item in zip(table.labels, table.items, strict=True):
            yield Node("leaf", value=label), item
    else:
        yield from zip(table.items[::2], table.items[1::2], strict=True)


def _child(node: Node, name: str) -> Node:
    """Return an attribute of a saved object."""
    fields = _FIELDS.get(node.name)
    state = node.get("state") if fields else None
    if fields and state is not None and name in fields and fields.index(name) < len(state.items):
        return state.items[fields.index(name)]
    found = node.get(name)
    if found is None:
        raise DecodeError(f"the saved thread has no {name} in {node.name or node.kind}")
    return found
