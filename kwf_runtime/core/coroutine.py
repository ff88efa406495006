"""Coroutines: frames that await.

A coroutine that is driven (the *root* of its await chain) keeps ``leaf``, the innermost frame, and
resumes it directly: a resume costs the same at any depth, and nothing here recurses. CPython's
semantics are those of Objects/genobject.c (``gen_send_ex2``, ``_gen_throw``, ``gen_close``).

Limits: a native awaitable on the chain runs (``delegate`` holds its iterator), but cannot be saved.
"""

from __future__ import annotations

import collections.abc
import warnings
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from kwf_runtime.core.frame import (
    ENDED,
    SWITCH,
    Frame,
    Link,
    Yielded,
    chain,
    internal,
    not_stop,
    raise_,
    run_step,
    thrown_exception,
    trim,
)
from kwf_runtime.core.savable import savable
from kwf_runtime.core.traps import Trap

if TYPE_CHECKING:
    from collections.abc import Generator as GeneratorABC


@internal
def drive(delegate: Any, value: Any, exc: BaseException | None) -> Any:
    """Resume what a frame waits for; StopIteration carries its result."""
    if isinstance(delegate, Trap):
        future: Any = delegate
        if not future.done():
            raise RuntimeError("await wasn't used with future")
        value, exc = _outcome(future)
        if exc is not None:
            raise_(exc)
        raise StopIteration(value)
    if exc is None:
        return delegate.send(value) if value is not None else next(delegate)
    throw = getattr(delegate, "throw", None)
    if isinstance(exc, GeneratorExit):
        close = getattr(delegate, "close", None)
        if close is not None:
            close()
        raise_(exc)
    if throw is None:
        raise_(exc)
    return throw(exc)


def _iterator(awaited: Any) -> Any:
    """The iterator behind a native awaitable, with CPython's errors."""
    cls = type(awaited)
    method = getattr(cls, "__await__", None)
    if method is None:
        if getattr(getattr(awaited, "gi_code", None), "co_flags", 0) & 0x100:
            return awaited  # a generator of types.coroutine
        raise TypeError(f"object {cls.__name__} can't be used in 'await' expression")
    iterator = method(awaited)
    if getattr(iterator, "cr_code", None) is not None or isinstance(iterator, Coroutine):
        raise TypeError("__await__() returned a coroutine")
    if not hasattr(type(iterator), "__next__"):
        raise TypeError(f"__await__() returned non-iterator of type '{type(iterator).__name__}'")
    return iterator


class Unwinding:
    """An exception thrown into a suspended await chain, on its way out of it.

    CPython throws at the innermost frame and then resumes one caller after the other, each with
    what came out of the frame below (``_gen_throw``); ``close`` has a GeneratorExit for each.

    Attributes:
        frame: the innermost frame of the suspended chain that has not ended.
        closing: a GeneratorExit was thrown.
        entered: ``frame`` was resumed, with an exception.
        outer: what its callers handle; not in force while it is resumed by itself.
    """

    __slots__ = ("closing", "entered", "frame", "outer")

    def __init__(self, frame: Frame, exc: BaseException) -> None:
        self.frame = frame
        self.closing = isinstance(exc, GeneratorExit)
        self.entered = False
        self.outer: BaseException | None = None

    def enter(self, frame: Frame, exc: BaseException) -> None:
        """Set the context of ``exc`` when it enters a frame of the suspended chain."""
        if frame is self.frame and not self.entered:
            self.entered = True
            chain(exc, frame.handled[-1] if frame.handled else None)
            self.outer, frame.outer = frame.outer, None

    def ended(self, caller: Frame, exc: BaseException | None) -> BaseException | None:
        """What ``caller`` is resumed with, now that the frame below it has ended."""
        self.frame, self.entered = caller, False
        if self.closing and (exc is None or isinstance(exc, GeneratorExit | StopIteration)):
            return GeneratorExit()
        return exc

    def suspended(self) -> None:
        """The chain waits again: the next resumption comes through its callers."""
        if self.entered:
            self.frame.outer = self.outer

    def ignored(self, root: Frame) -> bool:
        """Whether the frame that now suspends should have ended."""
        return self.closing and self.frame is not root

    def detach(self, leaf: Frame) -> tuple[Frame, BaseException]:
        """Leave a frame that ignored its GeneratorExit suspended; its caller gets an error."""
        ignoring = self.frame
        caller = ignoring.caller
        assert caller is not None
        ignoring.caller = None
        ignoring.running = False
        ignoring.leaf = None if leaf is ignoring else leaf
        self.frame, self.entered = caller, False
        return caller, RuntimeError(f"{ignoring._noun} ignored GeneratorExit")


class Coroutine(Frame, Link, collections.abc.Coroutine[Any, Any, Any]):
    """What a compiled ``async def`` returns."""

    __slots__ = ()
    _noun = "coroutine"

    def link(self, caller: Frame) -> tuple[Frame, Any, BaseException | None]:
        """Start as the callee of ``caller``.

        Raises:
            RuntimeError: it was awaited before.
        """
        if self.pc < 0:
            raise RuntimeError("cannot reuse already awaited coroutine")
        if self.pc > 0 or self.running:
            raise RuntimeError("coroutine is being awaited already")
        self.caller, self.running = caller, True
        self.outer = caller.handled[-1] if caller.handled else caller.outer
        return self, None, None

    def finish(self, out: Any) -> tuple[Any, BaseException | None]:
        """The value and the exception of this frame, whose last step gave ``out``."""
        failed = self.end()
        return (None, not_stop(out, "coroutine", StopIteration)) if failed else (out, None)

    @internal
    def send(self, value: Any) -> Any:
        """Resume with ``value``; return what is awaited next.

        Raises:
            StopIteration: the coroutine ended; ``.value`` is its result.
        """
        if self.pc == 0 and value is not None and not self.running:
            raise TypeError("can't send non-None value to a just-started coroutine")
        return self._run(value, None)

    @internal
    def throw(self, kind: Any, value: Any = None, traceback: TracebackType | None = None) -> Any:
        """Raise an exception at the innermost await; return what is awaited next."""
        exc = thrown_exception(kind, value, traceback)
        if self.pc == 0 and not self.running:
            self.pc = ENDED
            raise_(exc)
        return self._run(None, exc)

    def close(self) -> None:
        """Raise GeneratorExit at the innermost await; the coroutine must end by it."""
        if self.pc < 0:
            return
        if self.pc == 0 and not self.running:
            self.pc = ENDED
            return
        try:
            self._run(None, GeneratorExit())
        except (GeneratorExit, StopIteration):
            return
        raise RuntimeError("coroutine ignored GeneratorExit")

    def __await__(self) -> GeneratorABC[Any, Any, Any]:
        if self.pc > 0 and self._has_driver():
            raise RuntimeError("coroutine is being awaited already")
        return _Awaiting(self)

    def _has_driver(self) -> bool:
        """Whether some other code must resume it: not so if it was loaded, or driven by hand."""
        delegate = self.delegate if self.leaf is None else self.leaf.delegate
        if isinstance(delegate, Trap):
            return not cast(Any, delegate).done()
        return self.caller is not None or not isinstance(delegate, Frame | None)

    def __del__(self) -> None:
        if self.pc == 0:
            warnings.warn(
                f"coroutine '{self.qualname}' was never awaited",
                RuntimeWarning,
                stacklevel=2,
                source=self,
            )

    @internal
    def _run(self, value: Any, exc: BaseException | None) -> Any:
        """Run frames of this await chain until one has to wait for something outside of it."""
        if self.running:
            raise ValueError("coroutine already executing")
        if self.pc < 0:
            raise RuntimeError("cannot reuse already awaited coroutine")
        self.running = True
        frame: Frame = self if self.leaf is None else self.leaf
        unwinding = None if exc is None else Unwinding(frame, exc)
        try:
            while True:
                waiting = False
                if frame.delegate is not None:
                    waiting, value, exc = _ask(frame, value, exc)
                if not waiting:
                    if unwinding is not None and exc is not None:
                        unwinding.enter(frame, exc)
                    out = run_step(frame, value, exc)
                    if frame.pc < 0 or type(out) is Yielded:
                        ended, value, exc = frame, *frame.finish(out)
                        if ended is self:
                            break
                        frame = ended.detach_caller()
                        if unwinding is not None and unwinding.frame is ended:
                            exc = unwinding.ended(frame, exc)
                        continue
                    if out is SWITCH:
                        value = exc = None
                        continue
                    frame, waiting, value, exc = _await(frame, out)
                if waiting:
                    if unwinding is not None:
                        unwinding.suspended()
                    if unwinding is None or not unwinding.ignored(self):
                        self.leaf = None if frame is self else frame
                        return value
                    frame, exc = unwinding.detach(frame)
        finally:
            self.running = False
        if exc is not None:
            raise_(exc)
        raise StopIteration(value)


def _ask(
    frame: Frame, value: Any, exc: BaseException | None
) -> tuple[bool, Any, BaseException | None]:
    """Resume what ``frame`` waits for: whether it still waits, then what for, else the answer."""
    delegate = frame.delegate
    if exc is None or not isinstance(delegate, Trap):  # a future that is thrown at is only left
        try:
            return True, drive(delegate, value, exc), None
        except StopIteration as stop:
            value, exc = stop.value, None
        except BaseException as error:
            value, exc = None, trim(error)
    frame.delegate = None
    return False, value, exc


def _await(frame: Frame, awaited: Any) -> tuple[Frame, bool, Any, BaseException | None]:
    """Await for ``frame``: what to resume, whether it waits, then what for, else the answer."""
    try:
        if isinstance(awaited, Trap):
            future = awaited.__kwf_await__()
            if future.done():
                return frame, False, *_outcome(future)
            frame.delegate = future
            return frame, True, future, None
        if not isinstance(awaited, Link):
            iterator = _iterator(awaited)
            if type(iterator) is not _Awaiting:
                frame.delegate = iterator
                return frame, False, None, None
            awaited = iterator.coroutine  # of a class whose __await__ is a compiled coroutine's
        callee, value, exc = awaited.link(frame)
        return callee, False, value, exc
    except BaseException as error:
        return frame, False, None, trim(error)


def _outcome(future: Any) -> tuple[Any, BaseException | None]:
    """The value or the exception of a future that is done."""
    try:
        exc = future.exception()
    except BaseException as cancelled:
        return None, cancelled.with_traceback(None)
    return (None, exc) if exc is not None else (future.result(), None)


@savable("kwf.Awaiting")
class _Awaiting(collections.abc.Generator[Any, Any, Any]):
    """The iterator of ``Coroutine.__await__``, for native code that awaits a compiled coroutine."""

    __slots__ = ("coroutine",)

    def __init__(self, coroutine: Coroutine) -> None:
        self.coroutine = coroutine

    def send(self, value: Any) -> Any:
        return self.coroutine.send(value)

    def throw(self, kind: Any, value: Any = None, traceback: TracebackType | None = None) -> Any:
        return self.coroutine.throw(kind, value, traceback)

    def close(self) -> None:
        self.coroutine.close()
