"""Outputs: what a step asks its runner to do, a closed union; and what it has to say.

Limits: order matters, and is that of the calls in the workflow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from kwf_runtime.core.savable import savable


@savable("kwf.Retry")
@dataclass(frozen=True, slots=True)
class Retry:
    """When a failed activity is tried again.

    Attributes:
        initial_ms: pause after the first failure.
        factor: each next pause is so many times the last one.
        max_ms: longest pause.
        max_attempts: attempts in all, the first included.
        non_retryable: classes of exceptions, or their names, after which it is not tried again.
    """

    initial_ms: int = 1000
    factor: float = 2.0
    max_ms: int = 60000
    max_attempts: int = 5
    non_retryable: tuple[type[BaseException] | str, ...] = ()

    def __post_init__(self) -> None:
        """Check the values."""
        if self.initial_ms < 0 or self.max_ms < 0:
            raise ValueError("Retry: a pause cannot be negative (initial_ms, max_ms)")
        if self.max_attempts < 1:
            raise ValueError("Retry: max_attempts counts the first attempt: at least 1")
        if not self.factor >= 1:
            raise ValueError("Retry: factor must be 1 or more")
        object.__setattr__(self, "non_retryable", tuple(self.non_retryable))

    def gives_up(self, error: BaseException, attempts: int) -> bool:
        """Whether an activity that failed so, in so many attempts, is not tried again."""
        mro = type(error).__mro__
        names = {name for kind in mro for name in (kind.__name__, kind.__qualname__)}
        return attempts >= self.max_attempts or any(
            kind in names if isinstance(kind, str) else isinstance(error, kind)
            for kind in self.non_retryable
        )


@savable("kwf.ActivityOptions")
@dataclass(frozen=True, slots=True)
class ActivityOptions:
    """How an activity is run.

    Attributes:
        retry: when a failed attempt is followed by another one.
        timeout_s: longest time of one attempt.
        schedule_to_close_s: longest time of all attempts and pauses together.
        heartbeat_s: longest time between two heartbeats of an attempt.
        queue: which workers run it.
    """

    retry: Retry = Retry()
    timeout_s: float | None = None
    schedule_to_close_s: float | None = None
    heartbeat_s: float | None = None
    queue: str = "default"


@dataclass(frozen=True, slots=True)
class Emit:
    """Write a record.

    Attributes:
        topic: name of the topic.
        key: key of the record.
        value: its text; None for a record with a null value.
        headers: pairs of name and value.
    """

    topic: str
    key: str
    value: str | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class CallActivity:
    """Run an activity, at least once; its outcome comes back as ``ActivityDone``.

    Attributes:
        call_id: names the call in its thread.
        name: name of the activity (see ``kwf_runtime.core.activity``).
        args: positional arguments.
        kwargs: keyword arguments.
        options: how it is run.
    """

    call_id: str
    name: str
    args: tuple[object, ...]
    kwargs: dict[str, object]
    options: ActivityOptions


@dataclass(frozen=True, slots=True)
class CancelActivity:
    """Nobody waits for that activity any more: stop it, and forget its outcome."""

    call_id: str


Output: TypeAlias = Emit | CallActivity | CancelActivity


@dataclass(frozen=True, slots=True)
class Log:
    """Something that people should know, and that no code was told: the runner logs it.

    Attributes:
        message: what happened.
        level: how bad it is.
        traceback: formatted traceback of the exception that is behind it; may be empty.
    """

    message: str
    level: Literal["warning", "error"] = "error"
    traceback: str = ""
