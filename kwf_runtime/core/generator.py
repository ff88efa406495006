"""Generators of compiled modules: frames that yield.

They are resumed by native code (a ``for`` of a step, ``next``), so they nest natively; their own
state is a frame like any other and can be saved. Source of the semantics: Objects/genobject.c,
PEP 342, PEP 380, PEP 479.

Limits: ``yield from`` a chain of n generators costs n calls at each item, as in CPython.
"""

from __future__ import annotations

import collections.abc
import inspect
import sys
from types import TracebackType
from typing import Any

from kwf_runtime.core.coroutine import Coroutine, drive
from kwf_runtime.core.current import current
from kwf_runtime.core.frame import (
    ENDED,
    FAILED,
    SWITCH,
    Frame,
    chain,
    internal,
    not_stop,
    raise_,
    run_step,
    thrown_exception,
    trim,
)


class Generator(Frame, collections.abc.Generator[Any, Any, Any]):
    """What a compiled generator function returns.

    Attributes:
        owner: the workflow thread that made it; only there it is closed when it is collected,
            so that forgetting a thread at rest runs none of its ``finally`` blocks.
    """

    __slots__ = ("owner",)
    _noun = "generator"

    def __init__(self, step: Any, slots: tuple[Any, ...]) -> None:
        super().__init__(step, slots)
        self.owner = current()
        if sys._getframe(1).f_code.co_flags & inspect.CO_ITERABLE_COROUTINE:
            self.__class__ = IterableCoroutine  # its function is one of types.coroutine

    @internal
    def __next__(self) -> Any:
        return self._run(None, None)

    @internal
    def send(self, value: Any) -> Any:
        """Resume with ``value``; return what is yielded next.

        Raises:
            StopIteration: the generator returned; ``.value`` is its result.
        """
        if self.pc == 0 and value is not None and not self.running:
            raise TypeError("can't send non-None value to a just-started generator")
        return self._run(value, None)

    @internal
    def throw(self, kind: Any, value: Any = None, traceback: TracebackType | None = None) -> Any:
        """Raise an exception at the yield; return what is yielded next."""
        exc = thrown_exception(kind, value, traceback)
        if not self.running and self.pc <= 0:
            self.pc = ENDED
            raise_(exc)
        chain(exc, self.handled[-1] if self.handled else None)
        return self._run(None, exc)

    def close(self) -> None:
        """Raise GeneratorExit at the yield; the generator must end by it."""
        if self.pc <= 0 and not self.running:
            self.pc = ENDED
            return
        try:
            self._run(None, GeneratorExit())
        except (GeneratorExit, StopIteration):
            return
        raise RuntimeError("generator ignored GeneratorExit")

    def __del__(self) -> None:
        if self.pc > 0 and not self.running and self.owner is current():
            try:
                self.close()
            except BaseException as error:
                sys.unraisablehook(_Unraisable(error, self))

    @internal
    def _run(self, value: Any, exc: BaseException | None) -> Any:
        if self.running:
            raise ValueError("generator already executing")
        if self.pc < 0:
            if exc is not None:
                raise_(exc)
            raise StopIteration
        self.running = True
        try:
            while True:
                if self.delegate is not None:
                    try:
                        return drive(self.delegate, value, exc)
                    except StopIteration as stop:
                        value, exc = stop.value, None
                    except BaseException as error:
                        value, exc = None, trim(error)
                    self.delegate = None
                out = run_step(self, value, exc)
                pc = self.pc
                if pc < 0:
                    break
                if out is not SWITCH:
                    return out
                value = exc = None
        finally:
            self.running = False
        self.end()
        if pc == FAILED:
            raise_(not_stop(out, "generator", StopIteration))
        raise StopIteration(out)


class IterableCoroutine(Generator):
    """What a generator function returns that ``types.coroutine`` has made awaitable."""

    __slots__ = ()

    def __await__(self) -> Generator:
        return self


class _Unraisable:
    """The argument of sys.unraisablehook, which has no public constructor."""

    __slots__ = ("err_msg", "exc_traceback", "exc_type", "exc_value", "object")

    def __init__(self, exc: BaseException, source: object) -> None:
        self.exc_type = type(exc)
        self.exc_value: BaseException | None = exc
        self.exc_traceback = exc.__traceback__
        self.err_msg: str | None = None
        self.object = source


def delegate(iterable: Any) -> Any:
    """The iterator that ``yield from iterable`` drives (GET_YIELD_FROM_ITER)."""
    if isinstance(iterable, Coroutine) or getattr(iterable, "cr_code", None) is not None:
        raise TypeError("cannot 'yield from' a coroutine object in a non-coroutine generator")
    return iter(iterable)
