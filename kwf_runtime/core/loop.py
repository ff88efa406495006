"""The event loop of a workflow thread: what of asyncio's loop makes sense inside a step.

Callbacks run in asyncio's order: a turn runs what was ready when it began. Time stands still
during a step. A timer fires in the step that ``TimersDue`` causes, in due order; one that is due
when it is set fires in the same step, a turn later.

Limits: no I/O, no threads, no signals, no executors. Everything here can be saved between two
steps, when nothing is ready; only the log entries of the step in progress are not.
"""

from __future__ import annotations

import contextvars
import heapq
import math
import traceback
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, NoReturn, Self, TypeVar

from kwf_runtime.core.futures import Future
from kwf_runtime.core.outputs import Log
from kwf_runtime.core.savable import savable
from kwf_runtime.core.tasks import Task
from kwf_runtime.core.traps import Trap

T = TypeVar("T")

_SMALL_HEAP: Final = 64


@savable("kwf.Handle")
class Handle:
    """A callback that ``call_soon`` has scheduled; see ``asyncio.Handle``."""

    __slots__ = ("_args", "_callback", "_context", "_loop")

    def __init__(
        self,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: ThreadLoop,
        context: contextvars.Context | None = None,
    ) -> None:
        self._loop = loop
        self._callback: Callable[..., object] | None = callback
        self._args: tuple[Any, ...] = args
        self._context = contextvars.copy_context() if context is None else context

    def __repr__(self) -> str:
        what = "cancelled" if self._callback is None else f"{self._callback!r}{self._args!r}"
        return f"<{type(self).__name__} {what}>"

    def get_context(self) -> contextvars.Context:
        """Return the context that the callback runs in."""
        return self._context

    def cancel(self) -> None:
        """Do not call it."""
        self._callback = None
        self._args = ()

    def cancelled(self) -> bool:
        """Return whether it was cancelled."""
        return self._callback is None

    def _run(self) -> None:
        callback = self._callback
        if callback is None:
            return
        try:
            self._context.run(callback, *self._args)
        except BaseException as error:  # as asyncio does, and no exit may end the engine
            self._loop.call_exception_handler(
                {"message": f"Exception in callback {callback!r}", "exception": error}
            )
        finally:
            del self, callback  # what they hold must not live as long as a traceback


@savable("kwf.TimerHandle")
class TimerHandle(Handle):
    """A callback that ``call_at`` has scheduled; see ``asyncio.TimerHandle``."""

    __slots__ = ("_scheduled", "_sequence", "_when")

    def __init__(
        self,
        when: float,
        sequence: int,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: ThreadLoop,
        context: contextvars.Context | None = None,
    ) -> None:
        super().__init__(callback, args, loop, context)
        self._when = when
        self._sequence = sequence
        self._scheduled = False  # it is in the heap

    def __lt__(self, other: Self) -> bool:
        return (self._when, self._sequence) < (other._when, other._sequence)

    def when(self) -> float:
        """Return when it is due, on the clock of ``loop.time()``."""
        return self._when

    def due_ms(self) -> int:
        """Return when it is due, in whole ms since the epoch: never early."""
        return math.ceil(self._when * 1000)

    def cancel(self) -> None:
        """Do not call it."""
        if self._scheduled and self._callback is not None:
            self._loop.cancelled_timers += 1
        super().cancel()


@savable("kwf.Loop")
class ThreadLoop:
    """The loop of one workflow thread; see ``asyncio.AbstractEventLoop``.

    Attributes:
        now_ms: the time of the step.
        tasks: the tasks that are not done, in the order in which they were created.
        current_task: the one that runs now.
        cancelled_timers: how many of the heap's timers are cancelled.
        logs: what the step in progress has to say.
    """

    __slots__ = (
        "__weakref__",
        "_due",
        "_ready",
        "_sequence",
        "_task_count",
        "_timers",
        "cancelled_timers",
        "current_task",
        "logs",
        "now_ms",
        "tasks",
    )

    now_ms: int
    current_task: Task[Any] | None
    logs: list[Log]
    _ready: deque[Handle]
    _due: list[TimerHandle]

    def __init__(self) -> None:
        self.tasks: dict[Task[Any], None] = {}
        self._timers: list[TimerHandle] = []
        self._sequence = 0
        self._task_count = 0
        self.cancelled_timers = 0
        self.begin(0)

    def __kwf_save__(self) -> tuple[Any, ...]:
        """Return what is saved: all but what belongs to a step."""
        return (self.tasks, self._timers, self.cancelled_timers, self._sequence, self._task_count)

    def __kwf_load__(self, state: tuple[Any, ...]) -> None:
        """Take what was saved."""
        self.tasks, self._timers, self.cancelled_timers, self._sequence, self._task_count = state

    # What the engine calls.

    def begin(self, now_ms: int) -> None:
        """Begin a step at the given time."""
        self.now_ms = now_ms
        self.current_task = None
        self.logs = []
        self._ready = deque()
        self._due = []

    def fire(self) -> bool:
        """Make the timers ready that are due; return whether there were any."""
        fired = False
        timers = self._timers
        while timers and (timers[0].cancelled() or timers[0].due_ms() <= self.now_ms):
            timer = self._pop_timer()
            if not timer.cancelled():
                self._ready.append(timer)
                fired = True
        return fired

    def run(self) -> None:
        """Run until nothing is ready."""
        ready = self._ready
        while True:
            if self._due:
                due, self._due = sorted(self._due), []
                ready.extend(due)
            if not ready:
                break
            for _ in range(len(ready)):
                ready.popleft()._run()
        self._sweep()

    def has_timers(self) -> bool:
        """Return whether a timer is set."""
        return self.next_due_ms() is not None

    def next_due_ms(self) -> int | None:
        """Return when the earliest timer is due; None if there is none."""
        timers = self._timers
        while timers and timers[0].cancelled():
            self._pop_timer()
        return timers[0].due_ms() if timers else None

    def next_task_name(self) -> str:
        """Return the next default name of a task."""
        self._task_count += 1
        return f"Task-{self._task_count}"

    def _pop_timer(self) -> TimerHandle:
        timer = heapq.heappop(self._timers)
        timer._scheduled = False
        if timer.cancelled():
            self.cancelled_timers -= 1
        return timer

    def _sweep(self) -> None:
        """Drop cancelled timers, so that they do not pile up until they would have been due."""
        count = self.cancelled_timers
        if count and (len(self._timers) <= _SMALL_HEAP or count * 2 > len(self._timers)):
            self._timers = [timer for timer in self._timers if not timer.cancelled()]
            heapq.heapify(self._timers)
            self.cancelled_timers = 0

    # What workflow code calls.

    def time(self) -> float:
        """Return the time of the step, in seconds since the epoch."""
        return self.now_ms / 1000

    def get_debug(self) -> bool:
        """Return False: there is no debug mode."""
        return False

    def is_running(self) -> bool:
        """Return True: workflow code only runs while the loop does."""
        return True

    def is_closed(self) -> bool:
        """Return False: a loop is as old as its thread."""
        return False

    def call_soon(
        self,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> Handle:
        """Call the callback in the next turn."""
        handle = Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> TimerHandle:
        """Call the callback after ``delay`` seconds: years, if need be."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> TimerHandle:
        """Call the callback at a time of the clock of ``time()``."""
        if not math.isfinite(when):
            raise ValueError(f"a timer cannot be due at {when!r}")
        self._sequence += 1
        timer = TimerHandle(when, self._sequence, callback, args, self, context)
        if timer.due_ms() <= self.now_ms:
            self._due.append(timer)
        else:
            timer._scheduled = True
            heapq.heappush(self._timers, timer)
        return timer

    def create_future(self) -> Future[Any]:
        """Return a new future of this loop."""
        return Future(loop=self)

    def create_task(
        self,
        coro: Coroutine[Any, Any, T] | Trap,
        *,
        name: object = None,
        context: contextvars.Context | None = None,
    ) -> Task[T]:
        """Return a new task that runs the coroutine, or awaits the trap."""
        return Task(coro, loop=self, name=name, context=context)

    def call_exception_handler(self, context: Mapping[str, Any]) -> None:
        """Log what no code was told: message, and ``exception`` with its traceback."""
        exc = context.get("exception")
        message = str(context.get("message") or "Unhandled exception in event loop")
        text = ""
        if isinstance(exc, BaseException):
            message = f"{message}: {type(exc).__name__}: {exc}"
            text = "".join(traceback.format_exception(exc))
        self.logs.append(Log(message, traceback=text))

    def run_in_executor(self, executor: object, func: object, *args: object) -> NoReturn:
        """Refuse: OS threads do not survive."""
        raise RuntimeError(
            "a workflow thread has no executors: do that work in an activity (@W.activity)"
        )
