"""Tasks of a workflow thread: asyncio.Task, of which everything can be saved.

The semantics are those of CPython's Lib/asyncio/tasks.py (3.13, where versions differ): which
callback is scheduled when, ``cancel``/``uncancel``/``cancelling``, contexts. What differs on
purpose:

* names are numbered for each workflow thread (``Task-1`` is its main);
* ``cancel(kind=...)`` names the class of the exception (see ``futures``);
* SystemExit and KeyboardInterrupt end the task, not the engine;
* a traceback holds no line of this package at its head, like those of CPython's C tasks;
* what is not done is held by its thread: a task that nobody refers to is not lost.

Limits: a task drives any coroutine, but only compiled ones can be saved while they are
suspended. No eager start, no task factories.
"""

from __future__ import annotations

import collections.abc
import contextvars
import inspect
from asyncio.exceptions import CancelledError, InvalidStateError
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from kwf_runtime.core.futures import PENDING, Future
from kwf_runtime.core.savable import savable, singleton
from kwf_runtime.core.traps import Trap
from kwf_runtime.errors import CancelToken

if TYPE_CHECKING:
    from kwf_runtime.core.loop import ThreadLoop

T = TypeVar("T")

_CORE: Final = str(Path(__file__).parent)


@savable("kwf.Task")
class Task(Future[T]):
    """A coroutine that the loop runs; see ``asyncio.Task``.

    Args:
        coro: the coroutine, or a trap (a suspension, a call of an activity, ...).
        loop: the loop that it belongs to; by default that of the current workflow thread.
        name: its name; by default ``Task-<n>``.
        context: the context that it runs in; by default a copy of the current one.
    """

    __slots__ = (
        "_context",
        "_coro",
        "_fut_waiter",
        "_must_cancel",
        "_name",
        "_num_cancels_requested",
    )

    def __init__(
        self,
        coro: Coroutine[Any, Any, T] | Trap,
        *,
        loop: ThreadLoop | None = None,
        name: object = None,
        context: contextvars.Context | None = None,
    ) -> None:
        super().__init__(loop=loop)
        if isinstance(coro, Trap):
            coro = TrapCoroutine(coro)
        elif not iscoroutine(coro):
            raise TypeError(f"a coroutine was expected, got {coro!r}")
        self._name = self._loop.next_task_name() if name is None else str(name)
        self._num_cancels_requested = 0
        self._must_cancel = False
        self._fut_waiter: Future[Any] | None = None
        self._coro: Any = coro
        self._context = contextvars.copy_context() if context is None else context
        self._loop.call_soon(self._step, context=self._context)
        self._loop.tasks[self] = None

    def _save_more(self) -> tuple[Any, ...]:
        return (
            self._coro,
            self._context,
            self._name,
            self._fut_waiter,
            self._num_cancels_requested,
            self._must_cancel,
        )

    def _load_more(self, more: list[Any]) -> None:
        self._coro, self._context, self._name, self._fut_waiter, requested, must = more
        self._num_cancels_requested, self._must_cancel = requested, must

    def _describe(self) -> list[str]:
        words = super()._describe()
        if self._state == PENDING and self._num_cancels_requested:
            words[0] = "cancelling"
        words.insert(1, f"name={self._name!r}")
        words.insert(2, f"coro={self._coro!r}")
        if self._fut_waiter is not None:
            words.append(f"wait_for={self._fut_waiter!r}")
        return words

    def get_coro(self) -> Any:
        """Return the coroutine that the task runs."""
        return self._coro

    def get_context(self) -> contextvars.Context:
        """Return the context that the task runs in."""
        return self._context

    def get_name(self) -> str:
        """Return the name of the task."""
        return self._name

    def set_name(self, value: object) -> None:
        """Set the name of the task."""
        self._name = str(value)

    def set_result(self, result: T) -> None:
        """Refuse: the result of a task is its coroutine's."""
        raise RuntimeError("Task does not support set_result operation")

    def set_exception(self, exception: BaseException | type[BaseException]) -> None:
        """Refuse: the exception of a task is its coroutine's."""
        raise RuntimeError("Task does not support set_exception operation")

    def cancel(self, msg: Any = None, *, kind: type[CancelledError] = CancelledError) -> bool:
        """Request that the task cancels itself: raise at its innermost await, in the next turn.

        The coroutine may clean up, delay its end, or go on; see ``asyncio.Task.cancel``.

        Args:
            msg: argument of the exception.
            kind: class of the exception.

        Returns:
            Whether it was requested: False if the task is done.
        """
        self._retrieve()
        if self._state != PENDING:
            return False
        self._num_cancels_requested += 1
        waiter = self._fut_waiter
        if waiter is not None and cancel_future(waiter, msg, kind):
            # It stays the waiter: a task may ignore the cancellation, and be cancelled again.
            return True
        self._must_cancel = True
        self._cancel_message = msg
        self._cancel_kind = kind
        return True

    def cancelling(self) -> int:
        """Return how many requests to cancel were made and not taken back."""
        return self._num_cancels_requested

    def uncancel(self) -> int:
        """Take back one request to cancel; return how many are left."""
        if self._num_cancels_requested > 0:
            self._num_cancels_requested -= 1
            if self._num_cancels_requested == 0:
                self._must_cancel = False
        return self._num_cancels_requested

    def _step(self, exc: BaseException | None = None) -> None:
        if self._state != PENDING:
            raise InvalidStateError(f"_step(): already done: {self!r}, {exc!r}")
        if self._must_cancel:
            if not isinstance(exc, CancelledError):
                exc = self._make_cancelled_error()
            self._must_cancel = False
        self._fut_waiter = None
        loop = self._loop
        loop.current_task = self
        try:
            awaited = self._coro.send(None) if exc is None else self._coro.throw(exc)
        except StopIteration as stop:
            if self._must_cancel:  # cancelled right before it returned
                self._must_cancel = False
                super().cancel(self._cancel_message, kind=self._cancel_kind)
            else:
                super().set_result(stop.value)
            del loop.tasks[self]
        except CancelledError as error:
            self._cancelled_exc = strip(error)
            super().cancel(kind=CancelToken if isinstance(error, CancelToken) else CancelledError)
            del loop.tasks[self]
        except BaseException as error:
            super().set_exception(strip(error))
            del loop.tasks[self]
        else:
            self._wait_for(awaited)
        finally:
            loop.current_task = None
            del exc, self  # no cycle of exception, traceback and this activation

    def _wait_for(self, awaited: object) -> None:
        """Be woken when what the coroutine awaits is done."""
        loop = self._loop
        if awaited is None:  # a bare yield: a turn for the others
            loop.call_soon(self._step, context=self._context)
        elif not isinstance(awaited, Future):
            error = RuntimeError(_explain_foreign(self, awaited))
            loop.call_soon(self._step, error, context=self._context)
        elif awaited._loop is not loop:
            error = RuntimeError(
                f"Task {self!r} got Future {awaited!r} attached to a different loop"
            )
            loop.call_soon(self._step, error, context=self._context)
        elif awaited is self:
            error = RuntimeError(f"Task cannot await on itself: {self!r}")
            loop.call_soon(self._step, error, context=self._context)
        else:
            awaited.add_done_callback(self._wakeup, context=self._context)
            self._fut_waiter = awaited
            if self._must_cancel and cancel_future(
                awaited, self._cancel_message, self._cancel_kind
            ):
                self._must_cancel = False

    def _wakeup(self, future: Future[Any]) -> None:
        exc = future._failure()
        try:
            self._step(exc)
        finally:
            del exc, future, self


# The callback of whatever a suspended task waits for.
singleton("kwf.Task.wakeup", Task._wakeup)


def cancel_future(future: Future[Any], msg: Any, kind: type[CancelledError]) -> bool:
    """Cancel a future; asyncio's own kind in asyncio's own way, which any subclass takes."""
    if kind is CancelledError:
        return future.cancel(msg)
    return future.cancel(msg, kind=kind)


def iscoroutine(obj: object) -> bool:
    """Return whether a task can drive it: a native or compiled coroutine, or what acts like one."""
    return isinstance(obj, collections.abc.Coroutine) or (
        inspect.isgenerator(obj) and bool(obj.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE)
    )


def _explain_foreign(task: Task[Any], awaited: object) -> str:
    if getattr(awaited, "_asyncio_future_blocking", None) is not None:
        kind = type(awaited)
        return (
            f"task {task.get_name()!r} awaits a {kind.__module__}.{kind.__qualname__} that belongs "
            "to no workflow thread: what it stands for lives in this process only and cannot be "
            "saved; do that work in an activity (@W.activity) and await its call"
        )
    if inspect.isgenerator(awaited):
        return (
            f"yield was used instead of yield from for generator in task {task!r} with {awaited!r}"
        )
    return f"Task got bad yield: {awaited!r}"


@savable("kwf.TrapCoroutine")
class TrapCoroutine(collections.abc.Coroutine[Any, Any, Any]):
    """A coroutine that only awaits a trap: what ``create_task(trap)`` runs; it can be saved.

    Attributes:
        trap: what it awaits; None when it has ended.
        future: what stands for the trap once it is awaited.
    """

    __slots__ = ("future", "trap")

    def __init__(self, trap: Trap) -> None:
        self.trap: Trap | None = trap
        self.future: Future[Any] | None = None

    def __repr__(self) -> str:
        return f"<await of {self.trap!r}>" if self.trap is not None else "<ended await>"

    def __await__(self) -> Any:
        """Return an iterator, for native code that awaits it."""
        if self.trap is None or self.future is not None:
            raise RuntimeError("cannot reuse already awaited coroutine")
        trap, self.trap = self.trap, None
        return trap.__await__()

    def send(self, value: Any) -> Any:
        """Begin or end the await; see ``collections.abc.Coroutine``."""
        if self.trap is None:
            raise RuntimeError("cannot reuse already awaited coroutine")
        if self.future is None:
            try:
                self.future = self.trap.__kwf_await__()
            except BaseException:
                self.trap = None
                raise
            if not self.future.done():
                return self.future
        future, self.trap, self.future = self.future, None, None
        raise StopIteration(future.result())

    def throw(self, kind: Any, value: Any = None, traceback: TracebackType | None = None) -> Any:
        """End it with an exception."""
        self.trap = self.future = None
        exc = kind if isinstance(kind, BaseException) else kind() if value is None else value
        raise exc if traceback is None else exc.with_traceback(traceback)

    def close(self) -> None:
        """End it."""
        self.trap = self.future = None


E = TypeVar("E", bound=BaseException)


def strip(exc: E) -> E:
    """Drop this package's own lines from the head of a traceback."""
    traceback = exc.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(_CORE):
        traceback = traceback.tb_next
    return exc.with_traceback(traceback)
