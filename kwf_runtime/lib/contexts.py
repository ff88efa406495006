"""Context managers that a suspended workflow can be inside of.

The same as CPython 3.11's Lib/contextlib.py, compiled by kwf itself: their async methods can be
saved while they wait, their instances hold compiled generators, and exit stacks hold objects where
CPython's hold closures.

Limits: a manager made from a generator that is not compiled runs, but cannot be saved. A manager
has the docstring of its class, not of its function. An exception that goes through an async manager
keeps the lines of its generator in its traceback: nothing that waits can hold a traceback object.
"""

from __future__ import annotations

import functools
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

from kwf_runtime.lib.base import AbstractAsyncContextManager, AbstractContextManager


class _GeneratorManager:
    """What the managers of both kinds of generators share."""

    def __init__(self, func: Callable[..., Any], args: tuple[Any, ...], kwds: Any) -> None:
        self.gen = func(*args, **kwds)
        self.func, self.args, self.kwds = func, args, kwds

    def _recreate_cm(self) -> Any:
        """A new one for each call of a decorated function: a generator runs once."""
        return type(self)(self.func, self.args, self.kwds)

    def _forget_arguments(self) -> None:
        del self.args, self.kwds, self.func


def _is_same_stop(raised: RuntimeError, thrown: BaseException, kinds: Any) -> bool:
    """Whether a generator turned the thrown StopIteration into ``raised`` (PEP 479)."""
    return isinstance(thrown, kinds) and raised.__cause__ is thrown


class _GeneratorContextManager(_GeneratorManager, AbstractContextManager[Any]):
    """What a function that ``contextmanager`` decorates returns."""

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(func)
        def inner(*args: Any, **kwds: Any) -> Any:
            with self._recreate_cm():
                return func(*args, **kwds)

        return inner

    def __enter__(self) -> Any:
        self._forget_arguments()
        try:
            return next(self.gen)
        except StopIteration:
            raise RuntimeError("generator didn't yield") from None

    def __exit__(self, typ: Any, value: Any, traceback: Any) -> bool | None:
        if typ is None:
            try:
                next(self.gen)
            except StopIteration:
                return False
            try:
                raise RuntimeError("generator didn't stop")
            finally:
                self.gen.close()
        if value is None:
            value = typ()
        try:
            self.gen.throw(value)
        except StopIteration as exc:
            # Suppressed, unless it is the one that was thrown.
            return exc is not value
        except RuntimeError as exc:
            if exc is not value and not _is_same_stop(exc, value, StopIteration):
                raise
            value.__traceback__ = traceback
            return False
        except BaseException as exc:
            # Only what __exit__ itself raises is raised: the thrown one goes on by itself.
            if exc is not value:
                raise
            exc.__traceback__ = traceback
            return False
        try:
            raise RuntimeError("generator didn't stop after throw()")
        finally:
            self.gen.close()


class _AsyncGeneratorContextManager(_GeneratorManager, AbstractAsyncContextManager[Any]):
    """What a function that ``asynccontextmanager`` decorates returns."""

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(func)
        async def inner(*args: Any, **kwds: Any) -> Any:
            async with self._recreate_cm():
                return await func(*args, **kwds)

        return inner

    async def __aenter__(self) -> Any:
        self._forget_arguments()
        try:
            return await anext(self.gen)
        except StopAsyncIteration:
            raise RuntimeError("generator didn't yield") from None

    async def __aexit__(self, typ: Any, value: Any, _traceback: Any) -> bool | None:
        if typ is None:
            try:
                await anext(self.gen)
            except StopAsyncIteration:
                return False
            try:
                raise RuntimeError("generator didn't stop")
            finally:
                await self.gen.aclose()
        if value is None:
            value = typ()
        try:
            await self.gen.athrow(value)
        except StopAsyncIteration as exc:
            return exc is not value
        except RuntimeError as exc:
            kinds = (StopIteration, StopAsyncIteration)
            if exc is not value and not _is_same_stop(exc, value, kinds):
                raise
            return False
        except BaseException as exc:
            if exc is not value:
                raise
            return False
        try:
            raise RuntimeError("generator didn't stop after athrow()")
        finally:
            await self.gen.aclose()


def contextmanager(func: Callable[..., Any]) -> Callable[..., Any]:
    """``contextlib.contextmanager``."""

    @functools.wraps(func)
    def helper(*args: Any, **kwds: Any) -> Any:
        return _GeneratorContextManager(func, args, kwds)

    return helper


def asynccontextmanager(func: Callable[..., Any]) -> Callable[..., Any]:
    """``contextlib.asynccontextmanager``."""

    @functools.wraps(func)
    def helper(*args: Any, **kwds: Any) -> Any:
        return _AsyncGeneratorContextManager(func, args, kwds)

    return helper


class closing(AbstractContextManager[Any]):  # noqa: N801
    """``contextlib.closing``."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __enter__(self) -> Any:
        return self.thing

    def __exit__(self, *_exc_info: object) -> None:
        self.thing.close()


class aclosing(AbstractAsyncContextManager[Any]):  # noqa: N801
    """``contextlib.aclosing``."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    async def __aenter__(self) -> Any:
        return self.thing

    async def __aexit__(self, *_exc_info: object) -> None:
        await self.thing.aclose()


class nullcontext(AbstractContextManager[Any], AbstractAsyncContextManager[Any]):  # noqa: N801
    """``contextlib.nullcontext``."""

    def __init__(self, enter_result: Any = None) -> None:
        self.enter_result = enter_result

    def __enter__(self) -> Any:
        return self.enter_result

    def __exit__(self, *_exc_info: object) -> None:
        return None

    async def __aenter__(self) -> Any:
        return self.enter_result

    async def __aexit__(self, *_exc_info: object) -> None:
        return None


class suppress(AbstractContextManager[None]):  # noqa: N801
    """``contextlib.suppress``, without groups of exceptions, as in 3.11."""

    def __init__(self, *exceptions: type[BaseException]) -> None:
        self._exceptions = exceptions

    def __enter__(self) -> None:
        return None

    def __exit__(self, typ: Any, _value: Any, _traceback: Any) -> bool:
        return typ is not None and issubclass(typ, self._exceptions)


class _Exit:
    """An entry of an exit stack: what was pushed, and how it is called."""

    __slots__ = ("args", "function", "is_callback", "is_sync", "kwds")

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        is_sync: bool,
        is_callback: bool = False,
        args: tuple[Any, ...] = (),
        kwds: Any = None,
    ) -> None:
        self.function = function
        self.is_sync = is_sync
        self.is_callback = is_callback
        self.args = args
        self.kwds = kwds

    def __call__(self, exc: BaseException | None) -> Any:
        if self.is_callback:
            return self.function(*self.args, **self.kwds)
        if exc is None:
            return self.function(None, None, None)
        return self.function(type(exc), exc, exc.__traceback__)


def _method(manager: Any, name: str, protocol: str) -> Any:
    """A special method, looked up on the class and bound."""
    cls = type(manager)
    function = getattr(cls, name, None)
    if function is None:
        raise TypeError(
            f"'{cls.__module__}.{cls.__qualname__}' object does not support the {protocol} protocol"
        )
    return function.__get__(manager, cls)


class _Stack:
    """What both exit stacks share."""

    def __init__(self) -> None:
        self._exits: deque[_Exit] = deque()

    def pop_all(self) -> Any:
        """Move all to a new stack."""
        other = type(self)()
        other._exits, self._exits = self._exits, deque()
        return other

    def push(self, exit: Any) -> Any:  # noqa: A002
        """Register a context manager's exit, or a function of that signature."""
        if hasattr(type(exit), "__exit__"):
            function = _method(exit, "__exit__", "context manager")
        else:
            function = exit
        self._exits.append(_Exit(function, is_sync=True))
        return exit

    def enter_context(self, cm: Any) -> Any:
        """Enter a context manager, and register its exit."""
        enter = _method(cm, "__enter__", "context manager")
        leave = _method(cm, "__exit__", "context manager")
        result = enter()
        self._exits.append(_Exit(leave, is_sync=True))
        return result

    def callback(self, callback: Callable[..., Any], /, *args: Any, **kwds: Any) -> Any:
        """Register a call."""
        self._exits.append(_Exit(callback, is_sync=True, is_callback=True, args=args, kwds=kwds))
        return callback


def _fix_context(new: BaseException, old: BaseException | None, handled: Any) -> None:
    """Chain exceptions as nested with statements would have."""
    while True:
        context = new.__context__
        if context is None or context is old:
            return
        if context is handled:
            break
        new = context
    new.__context__ = old


def _raise_with_context(exc: BaseException) -> None:
    context = exc.__context__
    try:
        raise exc
    except BaseException:
        exc.__context__ = context
        raise


class ExitStack(_Stack, AbstractContextManager[Any]):
    """``contextlib.ExitStack``."""

    def close(self) -> None:
        """Call all exits now."""
        self.__exit__(None, None, None)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, _typ: Any, exc: Any, _traceback: Any) -> bool:
        handled = sys.exc_info()[1]
        received = exc is not None
        suppressed = pending = False
        while self._exits:
            entry = self._exits.pop()
            try:
                if entry(exc) and not entry.is_callback:
                    suppressed, pending, exc = True, False, None
            except BaseException as new:
                _fix_context(new, exc, handled)
                pending, exc = True, new
        if pending:
            _raise_with_context(exc)
        return received and suppressed


class AsyncExitStack(_Stack, AbstractAsyncContextManager[Any]):
    """``contextlib.AsyncExitStack``."""

    async def enter_async_context(self, cm: Any) -> Any:
        """Enter an async context manager, and register its exit."""
        enter = _method(cm, "__aenter__", "asynchronous context manager")
        leave = _method(cm, "__aexit__", "asynchronous context manager")
        result = await enter()
        self._exits.append(_Exit(leave, is_sync=False))
        return result

    def push_async_exit(self, exit: Any) -> Any:  # noqa: A002
        """Register an async context manager's exit, or a coroutine function of that signature."""
        if hasattr(type(exit), "__aexit__"):
            function = _method(exit, "__aexit__", "asynchronous context manager")
        else:
            function = exit
        self._exits.append(_Exit(function, is_sync=False))
        return exit

    def push_async_callback(self, callback: Callable[..., Any], /, *args: Any, **kwds: Any) -> Any:
        """Register a call that is awaited."""
        self._exits.append(_Exit(callback, is_sync=False, is_callback=True, args=args, kwds=kwds))
        return callback

    async def aclose(self) -> None:
        """Call all exits now."""
        await self.__aexit__(None, None, None)

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, _typ: Any, exc: Any, _traceback: Any) -> bool:
        handled = sys.exc_info()[1]
        received = exc is not None
        suppressed = pending = False
        while self._exits:
            entry = self._exits.pop()
            try:
                result = entry(exc)
                if not entry.is_sync:
                    result = await result
                if result and not entry.is_callback:
                    suppressed, pending, exc = True, False, None
            except BaseException as new:
                _fix_context(new, exc, handled)
                pending, exc = True, new
        if pending:
            _raise_with_context(exc)
        return received and suppressed
