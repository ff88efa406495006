"""Async generators of compiled modules: frames that yield to the frame that awaits the next item.

``__anext__``, ``asend``, ``athrow`` and ``aclose`` give an ``Advance``, which a compiled coroutine
awaits by linking the generator's frame to its own: no native frame lies between, so both can be
saved. Source of the semantics: PEP 525 and ``async_gen_*`` of Objects/genobject.c.

Native code drives an ``Advance`` as it would a coroutine; then a frame of its own is the root.

Limits: no finalizer hooks: a workflow closes what it opened with ``aclosing``, as PEP 533 advises.
"""

from __future__ import annotations

import collections.abc
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, cast

from kwf_runtime.core.coroutine import Coroutine
from kwf_runtime.core.frame import (
    ENDED,
    Frame,
    Link,
    Yielded,
    internal,
    not_stop,
    thrown_exception,
)
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
class Advance(Link, collections.abc.Coroutine[Any, Any, Any]):
    """One resumption of an async generator, to be awaited once, or driven by hand.

    Attributes:
        generator: what is resumed.
        mode: by which method.
        value: what is sent.
        exc: what is thrown.
        used: it was awaited, or closed.
        driver: the root of the await chain, if it is driven by hand.
    """

    __slots__ = ("driver", "exc", "generator", "mode", "used", "value")

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
        self.driver: _Driver | None = None

    def link(self, caller: Frame) -> tuple[Frame, Any, BaseException | None]:
        """Resume the generator as the callee of ``caller``.

        Raises:
            RuntimeError: it was awaited before, or the generator is being resumed already.
            StopAsyncIteration: the generator has ended.
        """
        generator = self.generator
        if self.used:
            raise self._used_error()
        if generator.running:
            name = "anext" if self.mode == "asend" else self.mode
            raise RuntimeError(f"{name}(): asynchronous generator is already running")
        self.used = True
        if generator.pc == 0:
            if self.value is not None:
                raise TypeError("can't send non-None value to a just-started async generator")
            if self.exc is not None:
                generator.pc = ENDED
                if self.mode != "aclose":
                    raise self.exc
        if generator.pc < 0:
            if self.mode == "aclose":
                return caller, None, None
            raise StopAsyncIteration
        generator.mode = self.mode
        generator.caller, generator.running = caller, True
        generator.outer = caller.handled[-1] if caller.handled else caller.outer
        return generator, self.value, self.exc

    def _used_error(self) -> RuntimeError:
        method = "__anext__()/asend()" if self.mode == "asend" else "aclose()/athrow()"
        return RuntimeError(f"cannot reuse already awaited {method}")

    def _root(self) -> _Driver:
        driver = self.driver
        if driver is None and not self.used:
            driver = self.driver = _Driver(self)
        if driver is None or driver.pc < 0:
            raise self._used_error()
        return driver

    @internal
    def send(self, value: Any) -> Any:
        """Resume with ``value``; return what is awaited next.

        Raises:
            StopIteration: the generator yielded; ``.value`` is what.
        """
        root = self._root()
        if root.pc == 0 and value is not None:
            if self.mode != "asend":
                raise RuntimeError("can't send non-None value to a just-started coroutine")
            self.value, value = value, None
        return root.send(value)

    @internal
    def throw(self, kind: Any, value: Any = None, traceback: TracebackType | None = None) -> Any:
        """Raise an exception where the generator is suspended; return what is awaited next."""
        root = self._root()
        if root.pc > 0:
            return root.throw(kind, value, traceback)
        self.value, self.exc = None, thrown_exception(kind, value, traceback)
        return root.send(None)

    def close(self) -> None:
        """Raise GeneratorExit at the innermost await; the resumption must end by it."""
        self.used = True
        if self.driver is not None:
            self.driver.close()

    @internal
    def __next__(self) -> Any:
        return self.send(None)

    def __iter__(self) -> Advance:
        return self

    def __await__(self) -> Generator[Any, Any, Any]:
        return cast("Generator[Any, Any, Any]", self)  # it has all of a generator's methods


@savable("kwf.AdvanceDriver")
class _Driver(Coroutine):
    """The frame that awaits an ``Advance`` for native code."""

    __slots__ = ()

    def __init__(self, advance: Advance | None) -> None:
        super().__init__(_await_advance, (advance,))

    def __kwf_save__(self) -> Any:
        return self.pc, self.leaf

    def __kwf_load__(self, state: Any) -> None:
        _Driver.__init__(self, None)
        self.pc, self.leaf = state

    def __del__(self) -> None:
        """Warn of nothing: it is started as soon as it is made."""


def _await_advance(frame: Frame, value: Any, thrown: bool) -> Any:
    """The step of a coroutine that only awaits an ``Advance``."""
    if frame.pc == 0:
        awaited, frame.slots, frame.pc = frame.slots[0], (), 1
        return awaited
    if thrown:
        return frame.fail()
    frame.pc = ENDED
    return value
