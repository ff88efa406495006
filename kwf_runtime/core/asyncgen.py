"""Async generators of compiled modules: frames that yield to the frame that awaits the next item.

``__anext__``, ``asend``, ``athrow`` and ``aclose`` give an ``Advance``, which a compiled coroutine
awaits by linking the generator's frame to its own: no native frame lies between, so both can be
saved. Source of the semantics: PEP 525 and ``async_gen_*`` of Objects/genobject.c.

Limits: no finalizer hooks: a workflow closes what it opened with ``aclosing``, as PEP 533 advises.
An ``Advance`` that native code drives works, but cannot be saved while it is suspended.
"""

from __future__ import annotations

import collections.abc
from collections.abc import Awaitable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from kwf_runtime.core.coroutine import Coroutine
from kwf_runtime.core.frame import ENDED, Frame, Link, Yielded, not_stop, thrown_exception
from kwf_runtime.core.savable import savable

if TYPE_CHECKING:
    from collections.abc import Generator

Mode = Literal["asend", "athrow", "aclose"]


class AsyncGenerator(Frame, collections.abc.AsyncGenerator[Any, Any]):
    """What a compiled async generator function returns.

    Attributes:
        mode: how it was resumed last.
    """

    __slots__ = ("mode",)
    _noun = "async_generator"

    def __init__(self, step: Any, slots: tuple[Any, ...]) -> None:
        super().__init__(step, slots)
        self.mode: Mode = "asend"

    def __aiter__(self) -> AsyncGenerator:
        return self

    def __anext__(self) -> Any:
        return Advance(self, "asend")

    def asend(self, value: Any) -> Any:
        """An awaitable that resumes with ``value`` and gives what is yielded next."""
        return Advance(self, "asend", value)

    def athrow(self, kind: Any, value: Any = None, traceback: TracebackType | None = None) -> Any:
        """An awaitable that raises an exception at the yield and gives what is yielded next."""
        return Advance(self, "athrow", None, thrown_exception(kind, value, traceback))

    def aclose(self) -> Any:
        """An awaitable that raises GeneratorExit at the yield; the generator must end by it."""
        return Advance(self, "aclose", None, GeneratorExit())

    def finish(self, out: Any) -> tuple[Any, BaseException | None]:
        """What awaiting the ``Advance`` gives."""
        if type(out) is Yielded:
            self.outer = self.leaf = None
            self.running = False
            if self.mode == "aclose":
                return None, RuntimeError("async generator ignored GeneratorExit")
            return out.value, None
        if not self.end():
            return (None, None) if self.mode == "aclose" else (None, StopAsyncIteration())
        if self.mode == "aclose" and isinstance(out, StopAsyncIteration | GeneratorExit):
            return None, None
        exc = not_stop(out, "async generator", StopIteration)
        return None, not_stop(exc, "async generator", StopAsyncIteration)


@savable("kwf.Advance")
class Advance(Link, Awaitable[Any]):
    """One resumption of an async generator, to be awaited once."""

    __slots__ = ("exc", "generator", "mode", "used", "value")

    def __init__(
        self,
        generator: AsyncGenerator,
        mode: Mode,
        value: Any = None,
        exc: BaseException | None = None,
    ) -> None:
        self.generator = generator
        self.mode: Mode = mode
        self.value = value
        self.exc = exc
        self.used = False

    def link(self, caller: Frame) -> tuple[Frame, Any, BaseException | None]:
        """Resume the generator as the callee of ``caller``.

        Raises:
            RuntimeError: it was awaited before, or the generator is being resumed already.
            StopAsyncIteration: the generator has ended.
        """
        generator = self.generator
        names = {"asend": "__anext__()/asend()", "athrow": "aclose()/athrow()"}
        if self.used:
            name = names.get(self.mode, names["athrow"])
            raise RuntimeError(f"cannot reuse already awaited {name}")
        if generator.running:
            name = "anext" if self.mode == "asend" else self.mode
            raise RuntimeError(f"{name}(): asynchronous generator is already running")
        self.used = True
        if generator.pc == 0:
            if self.value is not None:
                raise TypeError("can't send non-None value to a just-started async generator")
            if self.exc is not None:
                generator.pc = ENDED
                if self.mode == "athrow":
                    raise self.exc
        if generator.pc < 0:
            if self.mode == "aclose":
                return caller, None, None
            raise StopAsyncIteration
        generator.mode = self.mode
        generator.caller, generator.running = caller, True
        generator.outer = caller.handled[-1] if caller.handled else caller.outer
        return generator, self.value, self.exc

    def __await__(self) -> Generator[Any, Any, Any]:
        return Coroutine(_await_advance, (self,)).__await__()


def _await_advance(frame: Frame, value: Any, thrown: bool) -> Any:
    """The step of a coroutine that only awaits an ``Advance``: how native code drives one."""
    if frame.pc == 0:
        frame.pc = 1
        return frame.slots[0]
    if thrown:
        return frame.fail()
    frame.pc = ENDED
    return value
