"""The mock: workflow code under plain asyncio, for debugging and unit tests.

With a non-empty ``KWF_MOCK`` in the environment, the functions of ``kwf_runtime`` that need a
workflow thread work without one, on the running asyncio loop, for compiled and for plain modules.
A test plays the world outside: it settles suspensions, and sees what was put out.

Limits: one thread, and its state is this module's. Nothing is saved. An activity is tried again
at once, and has no time limits. For timers without waiting use ``kwf_runtime.testing.run``.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
import traceback
from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Generator
from types import ModuleType
from typing import Any, Final

from kwf_runtime import jsonout
from kwf_runtime.core.activity import Activity
from kwf_runtime.core.events import NO_ERROR
from kwf_runtime.core.program import CONFIG_NAME, FREE_TOPICS, config_in
from kwf_runtime.errors import ActivityError, CancelToken, UndeclaredTopicError, WorkflowError
from kwf_runtime.lib.clock import rest
from kwf_runtime.lib.native import TOKEN, TokenFuture, take_tokens

__all__ = [
    "last_topic_update",
    "reject",
    "reset",
    "resume",
    "suspended",
    "thread_id",
    "topic_handlers",
    "trace",
]

_RESUME_TOPIC: Final = "workflow-resume"
_SCHEDULER_TOPIC: Final = "workflow-scheduler"
_DEFAULT_ID: Final = "mock"
_MANIFEST_NAMES: Final = frozenset({"output_topics", "channels"})

thread_id: str = _DEFAULT_ID
"""The thread's id; set it as you like."""
trace: Final[list[tuple[str, str, str | None]]] = []
"""What was put out: topic, key, value."""
suspended: Final[dict[str, Suspension]] = {}
"""The suspensions that wait to be settled, by id."""
topic_handlers: Final[dict[str, Callable[[str | None, str, str], Any]]] = {}
"""Called with (value, key, topic) for each output to that topic, which need not be declared."""
last_topic_update: Final[dict[str, tuple[str, str | None]]] = {}
"""The last key and value of each topic."""

_channels: Final[dict[str, Channel]] = {}
_timers: Final[dict[str, asyncio.TimerHandle]] = {}
_handler_tasks: Final[set[asyncio.Task[Any]]] = set()
_suspension_count = 0


class Suspension:
    """What ``W.suspend`` returns in the mock; see `kwf_runtime.core.suspension`.

    Attributes:
        id: what ``resume`` and ``reject`` take.
    """

    def __init__(self, id: str) -> None:  # noqa: A002
        self.id = id
        self._waiters: list[TokenFuture] = []
        self._outcome: Callable[[TokenFuture], object] | None = None

    def __repr__(self) -> str:
        return f"<Suspension {self.id!r} {'settled' if self.done() else 'pending'}>"

    @property
    def key(self) -> str:
        """The key of a timer that resumes it."""
        body = json.dumps({"ref": self.id}, ensure_ascii=False, separators=(",", ":"))
        return f"{thread_id}|{body}"

    def done(self) -> bool:
        """Return whether it was settled or cancelled."""
        return self._outcome is not None

    def __await__(self) -> Generator[Any, None, Any]:
        waiter = TokenFuture()
        if self._outcome is not None:
            self._outcome(waiter)
        self._waiters.append(waiter)
        try:
            return (yield from waiter)
        finally:
            self._waiters.remove(waiter)

    def settle(self, value: object, error: object = NO_ERROR) -> None:
        """End it with a value, or with an error."""
        if error is NO_ERROR:
            self._end(lambda waiter: waiter.set_result(value))
        else:
            self._end(lambda waiter: waiter.set_exception(WorkflowError(error)))

    def cancel(self, msg: Any = None, *, kind: type[CancelledError] = CancelledError) -> bool:
        """Cancel it for all who await it; return whether it was pending."""
        if self.done():
            return False
        message = TOKEN if issubclass(kind, CancelToken) else msg
        self._end(lambda waiter: waiter.cancel(message))
        return True

    def _end(self, outcome: Callable[[TokenFuture], object]) -> None:
        self._outcome = outcome
        if suspended.get(self.id) is self:
            del suspended[self.id]
        for waiter in self._waiters:
            if not waiter.done():
                outcome(waiter)


class Channel:
    """What ``W.channel`` returns in the mock; see `kwf_runtime.core.channel`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._records: asyncio.Queue[tuple[object, object]] = asyncio.Queue()

    def __repr__(self) -> str:
        return f"<Channel {self.name!r} size={self.qsize()}>"

    def __aiter__(self) -> Channel:
        return self

    async def __anext__(self) -> Any:
        return await self.get()

    async def get(self) -> Any:
        """Wait for the next record; return its value, or raise its error."""
        return self._open(await self._records.get())

    def get_nowait(self) -> Any:
        """Return the value of the next record, or raise its error.

        Raises:
            asyncio.QueueEmpty: there is none.
        """
        return self._open(self._records.get_nowait())

    def qsize(self) -> int:
        """Return how many records are there."""
        return self._records.qsize()

    def empty(self) -> bool:
        """Return whether no record is there."""
        return self._records.empty()

    def put(self, value: object, error: object = NO_ERROR) -> None:
        """Take a record."""
        self._records.put_nowait((value, error))

    def _open(self, record: tuple[object, object]) -> Any:
        value, error = record
        if error is not NO_ERROR:
            raise WorkflowError(error)
        return value


# What a test calls


async def resume(id: str, value: object = None) -> None:  # noqa: A002
    """Settle a suspension with a value, or feed a channel; return when the thread rests again.

    Raises:
        LookupError: nothing waits with that id.
    """
    await _deliver(id, value)


async def reject(id: str, reason: object) -> None:  # noqa: A002
    """Settle a suspension with an error, or feed a channel; return when the thread rests again.

    Raises:
        LookupError: nothing waits with that id.
    """
    await _deliver(id, None, reason)


def reset() -> None:
    """Forget everything: for the set-up of a test."""
    global thread_id, _suspension_count
    for timer in _timers.values():
        timer.cancel()
    for state in (suspended, topic_handlers, last_topic_update, _channels, _timers):
        state.clear()
    trace.clear()
    _handler_tasks.clear()
    thread_id = _DEFAULT_ID
    _suspension_count = 0


# What kwf_runtime.api calls


def active() -> ModuleType | None:
    """Return this module if the mock is chosen, else None."""
    return sys.modules[__name__] if os.environ.get("KWF_MOCK") else None


def call(
    activity: Activity, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Coroutine[Any, Any, Any]:
    """An activity that a workflow calls: what runs it, with its retries but not their pauses."""
    activity.check(args, kwargs)
    return _attempt(activity, args, kwargs)


async def _attempt(activity: Activity, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    attempts = 0
    while True:
        attempts += 1
        try:
            result = activity.function(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result
        except Exception as error:
            if activity.options.retry.gives_up(error, attempts):
                text = "".join(traceback.format_exception(error))
                kind = type(error).__name__
                raise ActivityError(kind, str(error), attempts, text) from error
        await asyncio.sleep(0)


def suspend(id: str | None) -> Suspension:  # noqa: A002
    """``W.suspend``."""
    if id is None:
        id = _fresh_id()  # noqa: A001
    if id in _channels or id in _declared_channels():
        raise ValueError(
            f"{id!r} is a channel of this thread: await W.channel({id!r}).get(), "
            "or choose another id"
        )
    if id not in suspended:
        suspended[id] = Suspension(id)
    return suspended[id]


def channel(name: str) -> Channel:
    """``W.channel``."""
    if name in suspended:
        raise ValueError(
            f"{name!r} is a suspension that this thread waits for: "
            "choose another name for the channel"
        )
    return _channels.setdefault(name, Channel(name))


def ensure_thread(value: object, key: str, workflow: str | None) -> None:
    """``W.ensure_thread``: nothing is started, the record is put out."""
    start = "new:" if workflow is None else f"new@{workflow}:"
    output(start + jsonout.dumps(value), _RESUME_TOPIC, key)


def output(value: str | None, topic: str, key: str | None) -> None:
    """``W.output``: also sets a timer, and calls the topic's handler."""
    declared = _declared_topics()
    if topic not in declared and topic not in topic_handlers:
        raise UndeclaredTopicError(topic, tuple(declared - FREE_TOPICS))
    to = thread_id if key is None else key
    trace.append((topic, to, value))
    last_topic_update[topic] = (to, value)
    if topic == _SCHEDULER_TOPIC:
        _schedule(to, value)
    handler = topic_handlers.get(topic)
    if handler is not None:
        outcome = handler(value, to, topic)
        if inspect.isawaitable(outcome):
            task = asyncio.ensure_future(_finish(outcome))
            _handler_tasks.add(task)
            task.add_done_callback(_handler_tasks.discard)


async def _finish(outcome: Any) -> None:
    await outcome


async def _deliver(ref: str, value: object, error: object = NO_ERROR) -> None:
    take_tokens(asyncio.get_running_loop())
    await rest()  # what was started just now may be about to suspend with that id
    if not _settle(ref, value, error):
        known = ", ".join(map(repr, [*suspended, *_channels])) or "nothing"
        raise LookupError(f"nothing waits with the id {ref!r}; what does: {known}")
    await rest()


def _settle(ref: str, value: object, error: object) -> bool:
    """Settle what waits with that id; return whether there is anything."""
    if ref in suspended:
        suspended[ref].settle(value, error)
    elif ref in _channels or ref in _declared_channels():
        channel(ref).put(value, error)
    else:
        return False
    return True


def _schedule(key: str, value: str | None) -> None:
    """Do what the scheduler does with such a record, if it is for this thread."""
    former = _timers.pop(key, None)
    if former is not None:
        former.cancel()
    thread, _, body = key.partition("|")
    if value is None or int(value) <= 0 or thread != thread_id:
        return
    record = json.loads(body)
    loop = asyncio.get_running_loop()
    _timers[key] = loop.call_later(int(value) / 1000, _fire, key, record)


def _fire(key: str, record: dict[str, Any]) -> None:
    """A timer is due; one whose suspension has ended is of no interest."""
    del _timers[key]
    _settle(record["ref"], record.get("value"), record.get("error", NO_ERROR))


def _fresh_id() -> str:
    global _suspension_count
    while True:
        fresh = f"{_DEFAULT_ID}:{_suspension_count}"
        _suspension_count += 1
        if fresh not in suspended and fresh not in _channels:
            return fresh


def _declared_topics() -> set[str]:
    topics = set(FREE_TOPICS)
    for namespace in _declaring_modules():
        topics |= config_in(namespace).output_topics
    return topics


def _declared_channels() -> set[str]:
    names: set[str] = set()
    for namespace in _declaring_modules():
        names |= config_in(namespace).channels
    return names


def _declaring_modules() -> list[dict[str, Any]]:
    """Any loaded module may be the workflow's: nothing says which one a test calls."""
    return [
        namespace for module in list(sys.modules.values()) if _declares(namespace := vars(module))
    ]


def _declares(namespace: dict[str, Any]) -> bool:
    manifest = namespace.get("manifest")
    if isinstance(manifest, dict) and not _MANIFEST_NAMES.isdisjoint(manifest):
        return True
    return CONFIG_NAME in namespace
