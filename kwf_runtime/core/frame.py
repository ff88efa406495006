"""Frames: the activations of compiled functions, as objects that can be saved.

A compiled function returns one of these. Its code is ``step(frame, value, exc)``, which runs from one
suspension to the next; what is live there is in ``slots``. See docs/architecture.md 1 and 2.

A coroutine that is driven (the *root* of its await chain) keeps ``leaf``, the innermost frame, and resumes
it directly: a resume costs the same at any depth, and nothing here recurses. Where CPython's semantics
had to be read from its source, it was Objects/genobject.c (``gen_send_ex2``, ``_gen_throw``) and
Python/errors.c (``_PyErr_SetObject``).

Limits: a native awaitable on the chain runs (``delegate`` holds its iterator), but it cannot be saved.
"""

from __future__ import annotations

import collections.abc
import sys
import warnings
from types import CodeType, TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn

from kwf_runtime.core.traps import Trap

if TYPE_CHECKING:
    from collections.abc import Callable, Generator as GeneratorABC

    Step = Callable[["Frame", Any, bool], Any]

ENDED: Final = -1
"""``pc`` of a frame whose last step returned or raised."""
FAILED: Final = -2
"""``pc`` that a step leaves when the exception it returns is to be raised by its caller."""


class _Switch:
    """The answer of a step that only changed the handled exception: call it again."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "SWITCH"


SWITCH: Final = _Switch()


class Frame:
    """What the three kinds of frames share.

    Attributes:
        step: the code, ``step(frame, value, thrown)``; its closure holds the captured variables.
        pc: -1 ended, 0 not started, n suspended at label n.
        slots: the values of the variables that the label names.
        caller: the frame that awaits this one.
        handled: the exceptions that this frame is handling, the innermost last.
        outer: the exception that its callers are handling.
        leaf: of a root whose innermost frame is another one, that frame.
        delegate: the future or native iterator that this frame waits for.
        thrown: the exception that the step is to raise where it resumes.
        running: a step of this frame, or of the root that awaits it, is under way.
    """

    __slots__ = (
        "__weakref__",
        "caller",
        "delegate",
        "handled",
        "leaf",
        "outer",
        "pc",
        "running",
        "slots",
        "step",
        "thrown",
    )

    step: Step
    pc: int
    slots: tuple[Any, ...]
    caller: Frame | None
    handled: tuple[BaseException, ...]
    outer: BaseException | None
    leaf: Frame | None
    delegate: Any
    thrown: BaseException | None
    running: bool

    _noun = "frame"

    def __init__(self, step: Step, slots: tuple[Any, ...]) -> None:
        self.step = step
        self.slots = slots
        self.pc = 0
        self.caller = None
        self.handled = ()
        self.outer = None
        self.leaf = None
        self.delegate = None
        self.thrown = None
        self.running = False

    @property
    def qualname(self) -> str:
        """The qualified name of the function in the source."""
        return self.step.__code__.co_qualname.removesuffix(".<locals>._kwf_step")

    def __getattr__(self, name: str) -> Any:
        """``__name__`` and ``__qualname__``, which a class body cannot define for instances."""
        if name == "__qualname__":
            return self.qualname
        if name == "__name__":
            return self.qualname.rpartition(".")[2]
        raise AttributeError(f"'{self._noun}' object has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"<{self._noun} object {self.qualname} at {id(self):#x}>"

    def end(self) -> bool:
        """Let go of everything; tell whether the last step failed."""
        failed = self.pc == FAILED
        self.pc = ENDED
        self.slots = self.handled = ()
        self.caller = self.outer = self.leaf = None
        self.running = False
        return failed

    def finish(self, out: Any) -> tuple[Any, BaseException | None]:
        """The value and the exception that the caller gets, after a step that gave ``out``."""
        raise NotImplementedError

    # What steps call. They take the exception from the frame, never as a local of their own:
    # a local would tie exception, traceback and activation into a cycle.

    def fail(self) -> BaseException:
        """End with the thrown exception, which passes through the line that called this."""
        exc, self.thrown = self.thrown, None
        assert exc is not None
        self.pc = FAILED
        return _pass_through(exc)

    def through(self) -> None:
        """Let the thrown exception pass through the line that called this, to a handler."""
        assert self.thrown is not None
        _pass_through(self.thrown)

    def catch(self, depth: int) -> None:
        """Handle the thrown exception, above the ``depth`` outermost ones handled now."""
        exc, self.thrown = self.thrown, None
        assert exc is not None
        self.handled = (*self.handled[:depth], exc)

    def rethrow(self) -> None:
        """Throw the innermost handled exception to an outer handler of this frame."""
        self.thrown = self.handled[-1]

    def leave(self, depth: int) -> None:
        """Go on handling only the ``depth`` outermost exceptions."""
        self.handled = self.handled[:depth]

    def reraise(self) -> BaseException:
        """End with the innermost handled exception, whose traceback has this frame already."""
        self.pc = FAILED
        return self.handled[-1]

    def catches(self, kind: Any) -> bool:
        """Whether ``except kind`` takes the innermost handled exception (CHECK_EXC_MATCH)."""
        return is_caught(self.handled[-1], kind)


def is_caught(exc: BaseException, kind: Any) -> bool:
    """Whether ``except kind`` takes ``exc``: by its real class, with the interpreter's checks."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    for one in kinds:
        if not (isinstance(one, type) and issubclass(one, BaseException)):
            raise TypeError(
                "catching classes that do not inherit from BaseException is not allowed"
            )
    mro = type(exc).__mro__
    return any(one in mro for one in kinds)


def _pass_through(exc: BaseException) -> BaseException:
    """Add the line of the step that is being run to the traceback of ``exc``."""
    frame = sys._getframe(2)
    exc.__traceback__ = TracebackType(exc.__traceback__, frame, frame.f_lasti, frame.f_lineno)
    return exc


def _under(handled: BaseException, frame: Frame, value: Any, thrown: bool) -> Any:
    """Run a step with ``handled`` as sys.exception(): for bare raise and for contexts."""
    traceback, context = handled.__traceback__, handled.__context__
    try:
        raise handled
    except BaseException:
        handled.__traceback__, handled.__context__ = traceback, context
        return frame.step(frame, value, thrown)


def _step(frame: Frame, value: Any, exc: BaseException | None) -> Any:
    """One step of ``frame``; an exception that it raises is returned, with ``pc`` FAILED."""
    frame.thrown = exc
    handled = frame.handled[-1] if frame.handled else frame.outer
    try:
        if handled is None:
            return frame.step(frame, value, exc is not None)
        return _under(handled, frame, value, exc is not None)
    except BaseException as error:
        frame.pc = FAILED
        return _trim(error)


def _trim(exc: BaseException) -> BaseException:
    """Drop this module's own frames from the head of a traceback."""
    traceback = exc.__traceback__
    while traceback is not None and traceback.tb_frame.f_code in _INTERNAL:
        traceback = traceback.tb_next
    exc.__traceback__ = traceback
    return exc


def _raise(exc: BaseException) -> NoReturn:
    """Raise ``exc`` with the context it has: it was raised elsewhere, and only passes through."""
    context = exc.__context__
    try:
        raise exc
    finally:
        exc.__context__ = context


def _chain(exc: BaseException, handled: BaseException | None) -> None:
    """Set the context of an exception thrown into a frame that handles another one."""
    if handled is None or handled is exc:
        return
    link = handled
    while link.__context__ is not None:
        if link.__context__ is exc:
            link.__context__ = None
            break
        link = link.__context__
    exc.__context__ = handled


def _not_stop(exc: BaseException, noun: str, kind: type[BaseException]) -> BaseException:
    """PEP 479: a StopIteration that escapes a frame becomes a RuntimeError."""
    if not isinstance(exc, kind):
        return exc
    error = RuntimeError(f"{noun} raised {kind.__name__}")
    error.__cause__ = error.__context__ = exc
    error.__suppress_context__ = True
    return error


def _thrown(kind: Any, value: Any = None, traceback: TracebackType | None = None) -> BaseException:
    """The exception instance that the three arguments of ``throw`` mean."""
    if isinstance(kind, BaseException):
        if value is not None:
            raise TypeError("instance exception may not have a separate value")
        exc = kind
    elif isinstance(kind, type) and issubclass(kind, BaseException):
        if isinstance(value, kind):
            exc = value
        elif value is None:
            exc = kind()
        else:
            exc = kind(*value) if isinstance(value, tuple) else kind(value)
    else:
        raise TypeError(
            "exceptions must be classes or instances deriving from BaseException, "
            f"not {type(kind).__name__}"
        )
    if traceback is not None:
        exc.__traceback__ = traceback
    return exc


def _drive(delegate: Any, value: Any, exc: BaseException | None) -> Any:
    """Resume what a frame waits for; StopIteration carries its result."""
    if isinstance(delegate, Trap):
        future: Any = delegate
        if not future.done():
            raise RuntimeError("await wasn't used with future")
        value, exc = _outcome(future)
        if exc is not None:
            _raise(exc)
        raise StopIteration(value)
    if exc is None:
        return delegate.send(value) if value is not None else next(delegate)
    throw = getattr(delegate, "throw", None)
    if isinstance(exc, GeneratorExit):
        close = getattr(delegate, "close", None)
        if close is not None:
            close()
        _raise(exc)
    if throw is None:
        _raise(exc)
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


class Link:
    """What a frame may await by linking another frame to it, with no native frame in between."""

    __slots__ = ()

    def link(self, caller: Frame) -> tuple[Frame, Any, BaseException | None]:
        """Make a frame a callee of ``caller``; return it, and what to resume it with."""
        raise NotImplementedError


class Yielded:
    """A value that an async generator yields, as told from what it awaits."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Unwinding:
    """An exception thrown into a suspended await chain, on its way out of it.

    CPython throws at the innermost frame and then resumes one caller after the other, each with what
    came out of the frame below (``_gen_throw``); ``close`` does so with a GeneratorExit for each.

    Attributes:
        frame: the innermost frame of the suspended chain that has not ended.
        closing: a GeneratorExit was thrown.
    """

    __slots__ = ("closing", "entered", "frame")

    def __init__(self, frame: Frame, exc: BaseException) -> None:
        self.frame = frame
        self.closing = isinstance(exc, GeneratorExit)
        self.entered = False

    def chain(self, frame: Frame, exc: BaseException) -> None:
        """Set the context of ``exc`` when it enters a frame of the suspended chain."""
        if frame is self.frame and not self.entered:
            self.entered = True
            _chain(exc, frame.handled[-1] if frame.handled else None)

    def ended(self, caller: Frame, exc: BaseException | None) -> BaseException | None:
        """What ``caller`` is resumed with, now that the frame below it has ended."""
        self.frame, self.entered = caller, False
        if self.closing and (exc is None or isinstance(exc, GeneratorExit | StopIteration)):
            return GeneratorExit()
        return exc

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
        return (None, _not_stop(out, "coroutine", StopIteration)) if failed else (out, None)

    def send(self, value: Any) -> Any:
        """Resume with ``value``; return what is awaited next.

        Raises:
            StopIteration: the coroutine ended; ``.value`` is its result.
        """
        if self.pc == 0 and value is not None and not self.running:
            raise TypeError("can't send non-None value to a just-started coroutine")
        return self._run(value, None)

    def throw(  # type: ignore[override]
        self, kind: Any, value: Any = None, traceback: TracebackType | None = None
    ) -> Any:
        """Raise an exception at the innermost await; return what is awaited next."""
        exc = _thrown(kind, value, traceback)
        if self.pc == 0 and not self.running:
            self.pc = ENDED
            _raise(exc)
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
        return _Awaiting(self)

    def __del__(self) -> None:
        if self.pc == 0:
            warnings.warn(
                f"coroutine '{self.qualname}' was never awaited",
                RuntimeWarning,
                stacklevel=2,
                source=self,
            )

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
                if frame.delegate is not None:
                    if exc is not None and isinstance(frame.delegate, Trap):
                        out = None  # one that is thrown at only leaves the future
                    else:
                        try:
                            out = _drive(frame.delegate, value, exc)
                        except StopIteration as stop:
                            value, exc = stop.value, None
                        except BaseException as error:
                            value, exc = None, _trim(error)
                        else:
                            if unwinding is None or not unwinding.ignored(self):
                                self.leaf = None if frame is self else frame
                                return out
                            frame, exc = unwinding.detach(frame)
                            continue
                    frame.delegate = None
                if unwinding is not None and exc is not None:
                    unwinding.chain(frame, exc)
                out = _step(frame, value, exc)
                if frame.pc < 0 or type(out) is Yielded:
                    caller = frame.caller
                    value, exc = frame.finish(out)
                    if frame is self:
                        break
                    if unwinding is not None and unwinding.frame is frame:
                        assert caller is not None
                        exc = unwinding.ended(caller, exc)
                        value = value if exc is None else None
                    frame = caller  # type: ignore[assignment]
                    continue
                value = exc = None
                if out is SWITCH:
                    continue
                if isinstance(out, Trap):
                    future = out.__kwf_await__()
                    if future.done():
                        value, exc = _outcome(future)
                    elif unwinding is not None and unwinding.ignored(self):
                        frame.delegate = future
                        frame, exc = unwinding.detach(frame)
                    else:
                        frame.delegate = future
                        self.leaf = None if frame is self else frame
                        return future
                elif isinstance(out, Link):
                    try:
                        frame, value, exc = out.link(frame)
                    except BaseException as error:
                        exc = _trim(error)
                else:
                    try:
                        frame.delegate = _iterator(out)
                    except BaseException as error:
                        exc = _trim(error)
        finally:
            self.running = False
        if exc is not None:
            _raise(exc)
        raise StopIteration(value)


def _outcome(future: Any) -> tuple[Any, BaseException | None]:
    """The value or the exception of a future that is done."""
    try:
        exc = future.exception()
    except BaseException as cancelled:
        return None, cancelled.with_traceback(None)
    return (None, exc) if exc is not None else (future.result(), None)


class _Awaiting(collections.abc.Generator[Any, Any, Any]):
    """The iterator of ``Coroutine.__await__``, for native code that awaits a compiled coroutine."""

    __slots__ = ("coroutine",)

    def __init__(self, coroutine: Coroutine) -> None:
        self.coroutine = coroutine

    def send(self, value: Any) -> Any:
        return self.coroutine.send(value)

    def throw(  # type: ignore[override]
        self, kind: Any, value: Any = None, traceback: TracebackType | None = None
    ) -> Any:
        return self.coroutine.throw(kind, value, traceback)

    def close(self) -> None:
        self.coroutine.close()


_INTERNAL: Final[frozenset[CodeType]] = frozenset(
    function.__code__
    for function in (Coroutine._run, Coroutine.send, Coroutine.throw, _under, _step, _drive, _raise)
)
"""Code whose lines are not part of a traceback that workflow code sees."""
