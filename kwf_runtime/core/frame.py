"""Frames: the activations of compiled functions, as objects that can be saved.

A compiled function returns one. Its code is ``step(frame, value, thrown)``, which runs from one
suspension to the next; what is live there is in ``slots``. See docs/architecture.md 1 and 2.

Here is what coroutines, generators and async generators share: their state, what steps call, and
how exceptions pass. CPython's rules come from Python/errors.c (``_PyErr_SetObject``) and
Objects/genobject.c (``gen_send_ex2``).

Limits: knows no scheduler; a subclass knows how it is resumed.
"""

from __future__ import annotations

import sys
from types import CodeType, TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    Step = Callable[["Frame", Any, bool], Any]

F = TypeVar("F", bound="Callable[..., Any]")

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
        self.outer = self.leaf = None
        self.running = False
        return failed

    def detach_caller(self) -> Frame:
        """Forget the frame that awaited this one; return it."""
        caller, self.caller = self.caller, None
        assert caller is not None
        return caller

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

    def handle(self, exc: BaseException, depth: int) -> None:
        """Handle ``exc`` above the ``depth`` outermost exceptions handled now."""
        self.handled = (*self.handled[:depth], exc)

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


def under(handled: BaseException, frame: Frame, value: Any, thrown: bool) -> Any:
    """Run a step with ``handled`` as sys.exception(): for bare raise and for contexts."""
    traceback, context = handled.__traceback__, handled.__context__
    try:
        raise handled
    except BaseException:
        handled.__traceback__, handled.__context__ = traceback, context
        return frame.step(frame, value, thrown)


def run_step(frame: Frame, value: Any, exc: BaseException | None) -> Any:
    """One step of ``frame``; an exception that it raises is returned, with ``pc`` FAILED."""
    frame.thrown = exc
    handled = frame.handled[-1] if frame.handled else frame.outer
    try:
        if handled is None:
            return frame.step(frame, value, exc is not None)
        return under(handled, frame, value, exc is not None)
    except BaseException as error:
        frame.pc = FAILED
        return trim(error)


def trim(exc: BaseException) -> BaseException:
    """Drop this module's own frames from the head of a traceback."""
    traceback = exc.__traceback__
    while traceback is not None and traceback.tb_frame.f_code in _internal:
        traceback = traceback.tb_next
    exc.__traceback__ = traceback
    return exc


def raise_(exc: BaseException) -> NoReturn:
    """Raise ``exc`` with the context it has: it was raised elsewhere, and only passes through."""
    context = exc.__context__
    try:
        raise exc
    finally:
        exc.__context__ = context


def chain(exc: BaseException, handled: BaseException | None) -> None:
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


def not_stop(exc: BaseException, noun: str, kind: type[BaseException]) -> BaseException:
    """PEP 479: a StopIteration that escapes a frame becomes a RuntimeError."""
    if not isinstance(exc, kind):
        return exc
    error = RuntimeError(f"{noun} raised {kind.__name__}")
    error.__cause__ = error.__context__ = exc
    error.__suppress_context__ = True
    return error


def thrown_exception(
    kind: Any, value: Any = None, traceback: TracebackType | None = None
) -> BaseException:
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


_internal: set[CodeType] = set()
"""Code whose lines are not part of a traceback that workflow code sees."""


def internal(function: F) -> F:
    """Mark a function of the runtime as no part of the tracebacks of workflow code."""
    _internal.add(function.__code__)
    return function


for _function in (under, run_step, raise_):
    internal(_function)
