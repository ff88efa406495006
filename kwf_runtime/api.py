"""What workflow code calls: ``import kwf_runtime as W``, ``W.suspend()``, ``W.output(...)``, ...

Every function acts on the workflow thread whose step is running. Outside of one it acts on
``kwf_runtime.mock`` if that is active, and is a ``NoThreadError`` otherwise.

Limits: nothing here does any I/O; what has to be done is put out, and done when the step commits.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar, overload

from kwf_runtime import jsonout
from kwf_runtime.core.activity import Activity, ActivityCall, add_activity
from kwf_runtime.core.channel import Channel, ChannelGet
from kwf_runtime.core.current import current
from kwf_runtime.core.outputs import ActivityOptions, Emit, Retry
from kwf_runtime.core.program import CONFIG_NAME, WorkflowConfig
from kwf_runtime.core.suspension import Suspension
from kwf_runtime.core.thread import WorkflowThread
from kwf_runtime.errors import CancelToken, NoThreadError

__all__ = [
    "ActivityCall",
    "Channel",
    "Retry",
    "Suspension",
    "activity",
    "cancel",
    "channel",
    "config",
    "dumps",
    "ensure_thread",
    "loads",
    "output",
    "output_json",
    "ref",
    "ref_id",
    "register",
    "suspend",
    "thread_id",
    "workflow",
]

F = TypeVar("F", bound=Callable[..., Any])

_RESUME_TOPIC: Final = "workflow-resume"


def _mock() -> Any:
    """The active mock, or None."""
    try:
        from kwf_runtime import mock
    except ModuleNotFoundError as error:  # a deployment may leave it out
        if error.name != "kwf_runtime.mock":
            raise
        return None
    return mock.active()


def _target(what: str) -> Any:
    """The current workflow thread or, outside of one, the active mock."""
    target = current() or _mock()
    if target is None:
        raise NoThreadError(what)
    return target


def suspend(id: str | None = None) -> Suspension:  # noqa: A002
    """Return an awaitable that ends when a record settles its id.

    It lives from now on: an answer that comes before the await counts. Several tasks may await
    it, and again after it ended. Cancelling one that awaits leaves it to the others.

    Args:
        id: the id; None for a fresh one. With the id of a living suspension, that one is returned.

    Returns:
        The suspension: ``.id``, and ``.key``, which is the key of a timer that resumes it.
    """
    if id is not None:
        _check_text("W.suspend: the id", id)
    suspension: Suspension = _target("W.suspend").suspend(id)
    return suspension


def ref(name: str | None = None) -> Suspension:
    """Return a suspension with a fresh id; the name is only for the reader of the source."""
    if name is not None:
        _check_text("W.ref: the name", name)
    suspension: Suspension = _target("W.ref").suspend(None)
    return suspension


def ref_id(id: str, key: str | None = None) -> Suspension:  # noqa: A002
    """Return the suspension of an id that the workflow chose: ``suspend(id)``.

    Args:
        id: the id.
        key: the thread that waits; only the current one can, so it must be that or None.
    """
    _check_text("W.ref_id: the id", id)
    target = _target("W.ref_id")
    if key is not None and key != _id_of(target):
        raise ValueError(
            f"W.ref_id: a thread waits for its own refs only; this is {_id_of(target)!r}, "
            f"not {key!r}"
        )
    suspension: Suspension = target.suspend(id)
    return suspension


def channel(name: str) -> Channel:
    """Return the durable queue that every record with this ref feeds.

    Records that come before the first call are kept if the module's manifest lists the name
    under ``channels``.
    """
    _check_text("W.channel: the name", name)
    queue: Channel = _target("W.channel").channel(name)
    return queue


def ensure_thread(value: object, key: str, workflow: str | None = None) -> None:
    """Start another thread with the step's commit, if that key has none.

    Args:
        value: the argument of its function, as JSON.
        key: its thread id.
        workflow: name of its workflow; None for the same as the caller's.
    """
    _check_text("W.ensure_thread: the key", key)
    if not key or "|" in key:
        raise ValueError(f"W.ensure_thread: {key!r} cannot be a thread id: not empty, and no '|'")
    text = jsonout.dumps(value)
    target = _target("W.ensure_thread")
    if not isinstance(target, WorkflowThread):
        target.ensure_thread(value, key, workflow)
        return
    name = target.workflow if workflow is None else workflow
    _check_text("W.ensure_thread: the workflow", name)
    headers = (("if-absent", b"1"), ("workflow", name.encode()))
    target.emit(Emit(_RESUME_TOPIC, key, f"new:{text}", headers))


def output(value: str | None, topic: str, key: str | None = None) -> None:
    """Put out a record; it is written exactly once, with the step's commit.

    Args:
        value: its text; None for a record with a null value.
        topic: its topic, which the module has to declare (``W.config.output_topics``).
        key: its key; None for the thread's id.

    Raises:
        UndeclaredTopicError: the topic is not declared.
    """
    if value is not None:
        if not isinstance(value, str):
            raise TypeError(
                f"W.output: the value must be a str or None, not {type(value).__name__}: "
                "for JSON there is W.output_json"
            )
        _check_text("W.output: the value", value)
    _check_text("W.output: the topic", topic)
    if key is not None:
        _check_text("W.output: the key", key)
    target = _target("W.output")
    if isinstance(target, WorkflowThread):
        target.emit(Emit(topic, target.thread_id if key is None else key, value))
    else:
        target.output(value, topic, key)


def output_json(obj: object, topic: str, key: str | None = None) -> None:
    """Put out a record with the JSON of an object; see ``output`` and ``kwf_runtime.jsonout``."""
    output(jsonout.dumps(obj), topic, key)


def thread_id() -> str:
    """Return the id of the current workflow thread."""
    return _id_of(_target("W.thread_id"))


def _id_of(target: Any) -> str:
    found = target.thread_id
    return str(found() if callable(found) else found)


def cancel(aw: Any) -> bool:
    """Cancel an awaitable with a ``CancelToken``.

    A task is cancelled at its innermost await; a suspension for all who await it; a future, or
    a call of an activity, itself; a coroutine that was not started is closed.

    Returns:
        Whether there was something to cancel: False if it had ended.

    Raises:
        RuntimeError: it is a coroutine that runs already: cancel the task that runs it.
    """
    if isinstance(aw, Coroutine):
        return _close(aw)
    if isinstance(aw, ChannelGet):
        return False
    if isinstance(aw, asyncio.Future):
        from kwf_runtime.lib.base import cancel_with_token  # plain asyncio, by hand or mocked

        return cancel_with_token(aw)
    method = getattr(aw, "cancel", None)
    if method is None:
        raise TypeError(
            f"W.cancel: a {type(aw).__name__} cannot be cancelled: cancel the task that awaits it"
        )
    return bool(method(kind=CancelToken))


def _close(coroutine: Coroutine[Any, Any, Any]) -> bool:
    if isinstance(getattr(coroutine, "pc", None), int):
        pc: int = coroutine.pc  # type: ignore[attr-defined]
        state = "new" if pc == 0 else "ended" if pc < 0 else "started"
        if getattr(coroutine, "running", False):
            state = "started"
    elif inspect.iscoroutine(coroutine):
        state = {inspect.CORO_CREATED: "new", inspect.CORO_CLOSED: "ended"}.get(
            inspect.getcoroutinestate(coroutine), "started"
        )
    else:
        state = "new"
    if state == "started":
        raise RuntimeError(
            "W.cancel: this coroutine runs already: make it a task (asyncio.create_task) and "
            "cancel that"
        )
    coroutine.close()
    return state == "new"


class _Config:
    """``W.config``: what the module that is being imported, or runs, declares."""

    __slots__ = ()

    @property
    def output_topics(self) -> set[str]:
        """Names of the topics that the module's workflows may output to."""
        return _config_of(sys._getframe(1).f_globals).output_topics

    @output_topics.setter
    def output_topics(self, value: set[str]) -> None:
        if isinstance(value, str):
            raise TypeError("W.config.output_topics is a set of names, not one name")
        _config_of(sys._getframe(1).f_globals).output_topics = set(value)

    @property
    def result_topic(self) -> str | None:
        """Topic of the results; None for that of the runner's settings."""
        return _config_of(sys._getframe(1).f_globals).result_topic

    @result_topic.setter
    def result_topic(self, value: str | None) -> None:
        _config_of(sys._getframe(1).f_globals).result_topic = value

    @property
    def error_topic(self) -> str | None:
        """Topic of the errors; None for that of the runner's settings."""
        return _config_of(sys._getframe(1).f_globals).error_topic

    @error_topic.setter
    def error_topic(self, value: str | None) -> None:
        _config_of(sys._getframe(1).f_globals).error_topic = value

    @property
    def channels(self) -> set[str]:
        """Names whose records are kept before ``W.channel(name)`` was called."""
        return _config_of(sys._getframe(1).f_globals).channels


config: Final = _Config()
"""What a workflow module declares: topics, and the names of channels."""


def _config_of(namespace: dict[str, Any]) -> WorkflowConfig:
    thread = current()
    if thread is not None:
        return thread.config
    declared: WorkflowConfig = namespace.setdefault(CONFIG_NAME, WorkflowConfig())
    return declared


@overload
def workflow(name: F) -> F: ...
@overload
def workflow(name: str | None = None) -> Callable[[F], F]: ...
def workflow(name: F | str | None = None) -> F | Callable[[F], F]:
    """Mark an entry function; without any, ``main`` is the module's workflow.

    Args:
        name: the workflow's name; by default that of the function (for ``main``: of the file).
    """
    if callable(name):
        return workflow()(name)
    if name is not None:
        _check_text("W.workflow: the name", name)
        if not name or ":" in name:
            raise ValueError(f"W.workflow: {name!r} cannot be a name: not empty, and no ':'")

    def mark(function: F) -> F:
        marked: Any = function
        marked.__kwf_workflow__ = name
        return function

    return mark


@overload
def activity(name: Callable[..., Any]) -> Callable[..., Any]: ...
@overload
def activity(
    name: str | None = None,
    retry: Retry = ...,
    timeout_s: float | None = None,
    schedule_to_close_s: float | None = None,
    heartbeat_s: float | None = None,
    queue: str = "default",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...
def activity(
    name: Callable[..., Any] | str | None = None,
    retry: Retry = Retry(),  # noqa: B008
    timeout_s: float | None = None,
    schedule_to_close_s: float | None = None,
    heartbeat_s: float | None = None,
    queue: str = "default",
) -> Any:
    """Make a function, plain or async, an activity: work that is done outside of steps.

    A workflow that calls it gets an awaitable; the activity is started with the step's commit,
    even if nobody awaits it yet. It may run more than once; its outcome is delivered once. Its
    arguments are those at the end of the step. Cancelling what awaits it cancels it. Called
    outside of a workflow, it is the plain function; with the mock, it runs when it is awaited.

    Args:
        name: what saved calls know it by; by default ``<module>:<qualified name>``.
        retry: when a failed attempt is followed by another one.
        timeout_s: longest time of one attempt.
        schedule_to_close_s: longest time of all attempts and pauses.
        heartbeat_s: longest time between two heartbeats of an attempt.
        queue: which workers run it.

    Raises:
        ActivityError: (where it is awaited) the attempts are used up.
    """
    if callable(name):
        return activity()(name)
    options = ActivityOptions(retry, timeout_s, schedule_to_close_s, heartbeat_s, queue)

    def make(function: Callable[..., Any]) -> Callable[..., Any]:
        known = name or f"{function.__module__}:{function.__qualname__}"
        made = Activity(known, function, options)
        add_activity(made)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            thread = current()
            if thread is not None:
                return thread.call(made, args, kwargs)
            mock = _mock()
            if mock is not None:
                return mock.call(made, args, kwargs)
            return function(*args, **kwargs)

        marked: Any = call
        marked.__kwf_activity__ = made
        return call

    return make


def dumps(obj: object) -> bytes:
    """Save an object graph; see ``kwf_runtime.serial``.

    Raises:
        UnsavableError: a part of it cannot be saved; the error names its path.
    """
    from kwf_runtime import serial

    return serial.dumps(obj)


def loads(data: bytes) -> Any:
    """Load what ``dumps`` saved; nothing that the bytes say is imported or called.

    Raises:
        DecodeError: the bytes are not saved state, or are damaged.
        CodeMissingError: they need code that no loaded module has.
    """
    from kwf_runtime import serial

    return serial.loads(data)


def register(obj: Any, name: str | None = None, version: int = 1) -> Any:
    """Make a class or function of another package known to the codec; return it.

    Args:
        obj: the class or function.
        name: what saved bytes call it; by default ``<module>:<qualified name>``.
        version: version of its layout.
    """
    from kwf_runtime.serial import registry

    registry.DEFAULT.register(obj, name, version)
    return obj


def _check_text(what: str, text: object) -> None:
    """Raise if it is no text, or one that no record can hold."""
    if not isinstance(text, str):
        raise TypeError(f"{what} must be a str, not {type(text).__name__}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"{what} has a lone surrogate, which UTF-8 cannot hold: {json.dumps(text)}"
        ) from None
