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
        for one in kind if isinstance(kind, tuple) else (kind,):
            if not (isinstance(one, type) and issubclass(one, BaseException)):
                raise TypeError(
                    "catching classes that do not inherit from BaseException is not allowed"
                )
        mro = type(self.handled[-1]).__mro__
        return any(one in mro for one in (kind if isinstance(kind, tuple) else (kind,)))


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
    error.__traceback__ = exc.__traceback__
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


class Coroutine(Frame, collections.abc.Coroutine[Any, Any, Any]):
    """What a compiled ``async def`` returns."""

    __slots__ = ()
    _noun = "coroutine"

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
        leaf: Frame = self if self.leaf is None else self.leaf
        _chain(exc, leaf.handled[-1] if leaf.handled else leaf.outer)
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
        try:
            while True:
                if (
                    frame.delegate is not None
                    and exc is not None
                    and isinstance(frame.delegate, Trap)
                ):
                    frame.delegate = None  # one that is thrown at only leaves the future
                elif frame.delegate is not None:
                    try:
                        out = _drive(frame.delegate, value, exc)
                    except StopIteration as stop:
                        value, exc = stop.value, None
                    except BaseException as error:
                        value, exc = None, _trim(error)
                    else:
                        self.leaf = None if frame is self else frame
                        return out
                    frame.delegate = None
                out = _step(frame, value, exc)
                if frame.pc < 0:
                    value, exc = _end(frame, out)
                    if frame is self:
                        break
                    callee, frame = frame, frame.caller
                    callee.caller = None
                    continue
                value = exc = None
                if out is SWITCH:
                    continue
                if type(out) is Coroutine:
                    if out.pc == 0 and not out.running:
                        out.caller, out.running = frame, True
                        out.outer = frame.handled[-1] if frame.handled else frame.outer
                        frame = out
                    else:
                        exc = _reused(out)
                elif isinstance(out, Trap):
                    future = out.__kwf_await__()
                    if not future.done():
                        frame.delegate = future
                        self.leaf = None if frame is self else frame
                        return future
                    value, exc = _outcome(future)
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


def _end(frame: Frame, out: Any) -> tuple[Any, BaseException | None]:
    """The value and the exception of a frame that has just ended."""
    failed = frame.pc == FAILED
    frame.pc = ENDED
    frame.slots = frame.handled = ()
    frame.outer = frame.leaf = None
    frame.running = False
    if failed:
        return None, _not_stop(out, "coroutine", StopIteration)
    return out, None


def _reused(coroutine: Coroutine) -> RuntimeError:
    if coroutine.pc < 0:
        return RuntimeError("cannot reuse already awaited coroutine")
    return RuntimeError("coroutine is being awaited already")


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
