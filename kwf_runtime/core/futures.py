"""Futures of a workflow thread: asyncio.Future, of which everything can be saved.

The semantics are those of CPython's Lib/asyncio/futures.py (3.13, where versions differ), with
these additions:

* a future is a ``Trap``: compiled code awaits it with no native iterator in between;
* ``cancel(kind=...)`` names the class of the exception that is raised: ``CancelledError``, or a
  subclass of it such as ``CancelToken``.

Limits: no debug mode. "exception was never retrieved" is reported only if it is found out during a
step of the future's thread: a thread that is let go of at rest reports nothing.
"""

from __future__ import annotations

import contextvars
from asyncio.exceptions import CancelledError, InvalidStateError
from collections.abc import Callable, Generator
from types import MemberDescriptorType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from kwf_runtime.core.current import current, require
from kwf_runtime.core.savable import savable, singleton
from kwf_runtime.core.traps import Trap

if TYPE_CHECKING:
    from kwf_runtime.core.loop import ThreadLoop

T = TypeVar("T")

PENDING: Final = 0
CANCELLED: Final = 1
FINISHED: Final = 2
_STATE_NAMES: Final = ("pending", "cancelled", "finished")


@savable("kwf.Unretrieved")
class _Unretrieved:
    """Held by a failed future until its exception is asked for; reports if it goes before that."""

    __slots__ = ("exception", "loop", "message")

    def __init__(self, loop: ThreadLoop, message: str, exception: BaseException) -> None:
        self.loop: ThreadLoop | None = loop
        self.message = message
        self.exception: BaseException | None = exception

    def __del__(self) -> None:
        loop, thread = self.loop, current()
        if loop is not None and thread is not None and thread.loop is loop:
            loop.call_exception_handler({"message": self.message, "exception": self.exception})


@savable("kwf.Future")
class Future(Trap, Generic[T]):
    """The result of something that has not happened yet; see ``asyncio.Future``.

    Args:
        loop: the loop that it belongs to; by default that of the current workflow thread.
    """

    __slots__ = (
        "__weakref__",
        "_callbacks",
        "_cancel_kind",
        "_cancel_message",
        "_cancelled_exc",
        "_exception",
        "_exception_tb",
        "_loop",
        "_result",
        "_state",
        "_unretrieved",
    )

    # Its presence makes asyncio.isfuture() true. Ours never blocks a native task.
    _asyncio_future_blocking = False

    _state: int
    _callbacks: list[tuple[Callable[[Any], object], contextvars.Context]]
    _result: Any
    _exception: BaseException | None
    _exception_tb: TracebackType | None
    _cancel_message: Any
    _cancel_kind: type[CancelledError]
    _cancelled_exc: BaseException | None
    _unretrieved: _Unretrieved | None

    def __init__(self, *, loop: ThreadLoop | None = None) -> None:
        self._loop: ThreadLoop = require("asyncio.Future").loop if loop is None else loop
        self._state = PENDING
        self._callbacks = []
        self._set_defaults()

    def _set_defaults(self) -> None:
        self._result = None
        self._exception = None
        self._cancel_message = None
        self._cancel_kind = CancelledError
        self._cancelled_exc = None
        self._unretrieved = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {' '.join(self._describe())}>"

    def _describe(self) -> list[str]:
        words = [_STATE_NAMES[self._state]]
        if self._state == FINISHED:
            if self._exception is not None:
                words.append(f"exception={self._exception!r}")
            else:
                shown = repr(self._result)
                words.append(f"result={shown if len(shown) <= 80 else shown[:77] + '...'}")
        return words

    def get_loop(self) -> ThreadLoop:
        """Return the loop that the future belongs to."""
        return self._loop

    def cancel(self, msg: Any = None, *, kind: type[CancelledError] = CancelledError) -> bool:
        """Cancel the future and schedule its callbacks.

        Args:
            msg: argument of the exception.
            kind: class of the exception.

        Returns:
            Whether it was cancelled: False if it was done already.
        """
        if self._unretrieved is not None:
            self._retrieve()
        if self._state != PENDING:
            return False
        self._state = CANCELLED
        self._cancel_message = msg
        self._cancel_kind = kind
        self._schedule_callbacks()
        return True

    def cancelled(self) -> bool:
        """Return whether the future was cancelled."""
        return self._state == CANCELLED

    def done(self) -> bool:
        """Return whether there is a result or an exception, or it was cancelled."""
        return self._state != PENDING

    def result(self) -> T:
        """Return the result, or raise the exception.

        Raises:
            InvalidStateError: the future is not done.
            CancelledError: it was cancelled.
        """
        exc = self._failure("Result is not set.")
        if exc is not None:
            try:
                raise exc
            finally:
                del exc  # no cycle of exception, traceback and this activation
        result: T = self._result
        return result

    def exception(self) -> BaseException | None:
        """Return the exception, or None if there is a result.

        Raises:
            InvalidStateError: the future is not done.
            CancelledError: it was cancelled.
        """
        if self._state == CANCELLED:
            raise self._make_cancelled_error()
        if self._state == PENDING:
            raise InvalidStateError("Exception is not set.")
        if self._unretrieved is not None:
            self._retrieve()
        return self._exception

    def _failure(self, pending: str = "Result is not set.") -> BaseException | None:
        """What ``result()`` would raise, with the traceback that it had when it was set."""
        if self._state == FINISHED:
            exc = self._exception
            if exc is None:
                return None
            if self._unretrieved is not None:
                self._retrieve()
            try:
                return exc.with_traceback(self._exception_tb)
            except AttributeError:  # loaded: the exception has the one that it was set with
                self._exception_tb = exc.__traceback__
                return exc
        if self._state == CANCELLED:
            return self._make_cancelled_error()
        raise InvalidStateError(pending)

    def _retrieve(self) -> None:
        if self._unretrieved is not None:
            self._unretrieved.loop = None
            self._unretrieved = None

    def _make_cancelled_error(self) -> BaseException:
        exc = self._cancelled_exc
        if exc is not None:
            self._cancelled_exc = None
            return exc
        if self._cancel_message is None:
            return self._cancel_kind()
        return self._cancel_kind(self._cancel_message)

    def add_done_callback(
        self, fn: Callable[[Any], object], *, context: contextvars.Context | None = None
    ) -> None:
        """Call ``fn(future)`` by the loop when the future is done."""
        if self._state != PENDING:
            self._loop.call_soon(fn, self, context=context)
        else:
            if context is None:
                context = contextvars.copy_context()
            self._callbacks.append((fn, context))

    def remove_done_callback(self, fn: Callable[[Any], object]) -> int:
        """Remove a callback; return how many times it was there."""
        kept = [entry for entry in self._callbacks if entry[0] != fn]
        removed = len(self._callbacks) - len(kept)
        if removed:
            self._callbacks[:] = kept
        return removed

    def set_result(self, result: T) -> None:
        """Make the future done, with a result.

        Raises:
            InvalidStateError: it is done already.
        """
        if self._state != PENDING:
            raise InvalidStateError(f"{_STATE_NAMES[self._state].upper()}: {self!r}")
        self._result = result
        self._state = FINISHED
        self._schedule_callbacks()

    def set_exception(self, exception: BaseException | type[BaseException]) -> None:
        """Make the future done, with an exception.

        Raises:
            InvalidStateError: it is done already.
        """
        if self._state != PENDING:
            raise InvalidStateError(f"{_STATE_NAMES[self._state].upper()}: {self!r}")
        if isinstance(exception, type):
            exception = exception()
        if isinstance(exception, StopIteration):
            error = RuntimeError(
                "StopIteration interacts badly with generators and cannot be raised into a Future"
            )
            error.__cause__ = error.__context__ = exception
            exception = error
        self._exception = exception
        self._exception_tb = exception.__traceback__
        self._state = FINISHED
        self._schedule_callbacks()
        self._unretrieved = _Unretrieved(
            self._loop, f"{type(self).__name__} exception was never retrieved", exception
        )

    def _set_result_unless_cancelled(self, result: T) -> None:
        """Set the result, unless nobody wants it any more (what a timer of ``sleep`` calls)."""
        if self._state != CANCELLED:
            self.set_result(result)

    @property
    def _log_traceback(self) -> bool:
        return self._unretrieved is not None

    @_log_traceback.setter
    def _log_traceback(self, value: bool) -> None:
        if value:
            raise ValueError("_log_traceback can only be set to False")
        self._retrieve()

    def _schedule_callbacks(self) -> None:
        callbacks = self._callbacks
        if callbacks:
            self._callbacks = []
            for fn, context in callbacks:
                self._loop.call_soon(fn, self, context=context)

    # The saved form is explicit: it must not change when an attribute is renamed. ``kwf show``
    # reads it by position (kwf_runtime/cli/thread_view.py), here and in the other classes of core.

    def __kwf_save__(self) -> tuple[Any, ...]:
        """Return what is saved: the future's own, what a subclass of kwf adds, what others add."""
        outcome: tuple[Any, ...] | None = None
        if self._state == FINISHED:
            outcome = (self._result, self._exception, self._unretrieved)
        elif self._cancel_message is not None or self._cancel_kind is not CancelledError:
            outcome = (self._cancel_message, self._cancel_kind)
        kind = type(self)
        foreign = None if "__kwf_savable__" in vars(kind) else _foreign_attributes(self)
        return (
            self._loop,
            self._state,
            self._callbacks,
            outcome,
            self._cancelled_exc,
            foreign,
            *self._save_more(),
        )

    def __kwf_load__(self, state: tuple[Any, ...]) -> None:
        """Take what was saved."""
        self._set_defaults()
        self._loop, self._state, self._callbacks, outcome, cancelled_exc, foreign, *more = state
        self._cancelled_exc = cancelled_exc
        if self._state == FINISHED:
            self._result, self._exception, self._unretrieved = outcome
        elif outcome is not None:
            self._cancel_message, self._cancel_kind = outcome
        if foreign is not None:
            _set_foreign_attributes(self, foreign)
        self._load_more(more)

    def _save_more(self) -> tuple[Any, ...]:
        """What a subclass of kwf adds to the saved form."""
        return ()

    def _load_more(self, more: list[Any]) -> None:
        """Take what ``_save_more`` returned."""

    def __kwf_await__(self) -> Future[T]:
        """Return itself."""
        return self

    def __await__(self) -> Generator[Any, None, T]:
        if self._state == PENDING:
            yield self  # to the task, which waits for it
        if self._state == PENDING:
            raise RuntimeError("await wasn't used with future")
        return self.result()

    __iter__ = __await__


def _foreign_attributes(future: Future[Any]) -> dict[str, Any]:
    """The attributes that a workflow's own subclass of a future has."""
    found = dict(getattr(future, "__dict__", {}))
    for name, slot in _foreign_slots(type(future)).items():
        try:
            found[name] = slot.__get__(future)
        except AttributeError:
            continue
    return found


def _set_foreign_attributes(future: Future[Any], attributes: dict[str, Any]) -> None:
    slots = _foreign_slots(type(future))
    for name, value in attributes.items():
        if name in slots:
            slots[name].__set__(future, value)
        else:
            future.__dict__[name] = value


def _foreign_slots(kind: type) -> dict[str, MemberDescriptorType]:
    slots: dict[str, MemberDescriptorType] = {}
    for cls in kind.__mro__:
        if "__kwf_savable__" in vars(cls):
            break
        members = vars(cls).items()
        slots |= {name: m for name, m in members if isinstance(m, MemberDescriptorType)}
    return slots


# The callback of the timer of a ``sleep``.
singleton("kwf.Future.set_result_unless_cancelled", Future._set_result_unless_cancelled)
