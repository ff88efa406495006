# kwf: compiled
# Generated from kwf_runtime/lib/contexts.py by tools/build_lib.py: not for editing.
# fmt: off
# ruff: noqa
# mypy: ignore-errors
# kwf: compiled from kwf_runtime/lib/contexts.py; do not edit
"""Context managers that a suspended workflow can be inside of.

The same as CPython 3.11's Lib/contextlib.py, compiled by kwf itself: their async methods can be
saved while they wait, their instances hold compiled generators, and exit stacks hold objects where
CPython's hold closures.

Limits: a manager made from a generator that is not compiled runs, but cannot be saved. A manager
has the docstring of its class, not of its function. An exception that goes through an async manager
keeps the lines of its generator in its traceback: nothing that waits can hold a traceback object.
"""

from __future__ import annotations
import kwf_runtime.abi as _kwf

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
        @_kwf.coroutine
        def inner(*args: Any, **kwds: Any) -> Any:

            def _kwf_step(_f, _v, _x):
                _pc = _f.pc
                while True:
                    try:
                        if _pc < 7:
                            if _pc < 3:
                                if _pc == 0:
                                    args, kwds = _f.slots
                                    _f.slots = ()
                                    _exit1, _enter1 = _kwf.enter_async_with(self._recreate_cm())
                                    _r = _enter1
                                    _f.pc = 1
                                    _f.slots = (_exit1, _kwf.locals().get('_result1', _kwf.UNBOUND), args, kwds)
                                    return _r
                                elif _pc == 1:
                                    _exit1, _result1, args, kwds = _f.slots
                                    _f.slots = ()
                                    if _result1 is _kwf.UNBOUND:
                                        del _result1
                                    if _x:
                                        return _f.fail()
                                    _value1 = _v
                                    _normal1 = True
                                    _pc = 5
                                    continue
                                else:
                                    _done1, _result1 = _f.slots
                                    _f.slots = ()
                                    if _result1 is _kwf.UNBOUND:
                                        del _result1
                                    if _x:
                                        return _f.fail()
                                    _pc = 10
                                    continue
                            elif _pc == 3:
                                _exit1, _normal1, _result1 = _f.slots
                                _f.slots = ()
                                if _result1 is _kwf.UNBOUND:
                                    del _result1
                                if _x:
                                    _f.through()
                                    _x = False
                                    _pc = 18
                                    continue
                                _t1 = _v
                                if not _t1:
                                    raise
                                _f.leave(0)
                                _f.pc = 17
                                _f.slots = (_exit1, _normal1, _kwf.locals().get('_result1', _kwf.UNBOUND))
                                return _kwf.SWITCH
                            elif _pc == 4:
                                _exit1, _normal1, _result1 = _f.slots
                                _f.slots = ()
                                if _result1 is _kwf.UNBOUND:
                                    del _result1
                                if _x:
                                    _f.through()
                                    _x = False
                                    _pc = 15
                                    continue
                                _t1 = _v
                                _result1 = _t1
                                _done1 = 2
                                _pc = 7
                                continue
                            elif _pc == 5:
                                pass
                                _pc = 6
                                continue
                            else:
                                _r = func(*args, **kwds)
                                _f.pc = 4
                                _f.slots = (_exit1, _normal1, _kwf.locals().get('_result1', _kwf.UNBOUND))
                                return _r
                        elif _pc < 15:
                            if _pc == 7:
                                if _normal1:
                                    _r = _exit1(None, None, None)
                                    _f.pc = 2
                                    _f.slots = (_done1, _kwf.locals().get('_result1', _kwf.UNBOUND))
                                    return _r
                                _pc = 10
                                continue
                            elif _pc == 8:
                                _done1, _exit1, _normal1, _result1 = _f.slots
                                _f.slots = ()
                                if _result1 is _kwf.UNBOUND:
                                    del _result1
                                _pc = 7
                                continue
                            else:
                                if _done1 == 1:
                                    return _f.reraise()
                                if _done1 == 2:
                                    _f.pc = -1
                                    return _result1
                                _f.pc = -1
                                return None
                        elif _pc == 15:
                            _f.catch(0)
                            _f.pc = 16
                            _f.slots = (_exit1, _normal1, _kwf.locals().get('_result1', _kwf.UNBOUND))
                            return _kwf.SWITCH
                        elif _pc == 16:
                            _exit1, _normal1, _result1 = _f.slots
                            _f.slots = ()
                            if _result1 is _kwf.UNBOUND:
                                del _result1
                            _normal1 = False
                            _r = _exit1(*_kwf.exc_info())
                            _f.pc = 3
                            _f.slots = (_exit1, _normal1, _kwf.locals().get('_result1', _kwf.UNBOUND))
                            return _r
                        elif _pc == 17:
                            _exit1, _normal1, _result1 = _f.slots
                            _f.slots = ()
                            if _result1 is _kwf.UNBOUND:
                                del _result1
                            _done1 = 0
                            _pc = 7
                            continue
                        else:
                            _f.catch(0)
                            _done1 = 1
                            _f.pc = 8
                            _f.slots = (_done1, _exit1, _normal1, _kwf.locals().get('_result1', _kwf.UNBOUND))
                            return _kwf.SWITCH
                    except _kwf.BaseException as _c:
                        _pc = (-1, -1, -1, 18, 15, 18, 15, -1, -1, -1, -1, -1, -1, -1, -1, 18, 18, 18, -1)[_pc]
                        if _pc < 0:
                            raise
                        _f.thrown = _c
            return _kwf.Coroutine(_kwf_step, (args, kwds))
        return inner

    @_kwf.coroutine
    def __aenter__(self) -> Any:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            while True:
                try:
                    if _pc == 0:
                        self, = _f.slots
                        _f.slots = ()
                        self._forget_arguments()
                        pass
                        _pc = 2
                        continue
                    elif _pc == 1:
                        if _x:
                            _f.through()
                            _x = False
                            _pc = 3
                            continue
                        _t1 = _v
                        _f.pc = -1
                        return _t1
                    elif _pc == 2:
                        _r = anext(self.gen)
                        _f.pc = 1
                        _f.slots = ()
                        return _r
                    elif _pc == 3:
                        _f.catch(0)
                        _f.pc = 4
                        _f.slots = ()
                        return _kwf.SWITCH
                    else:
                        if _f.catches(StopAsyncIteration):
                            raise RuntimeError("generator didn't yield") from None
                        return _f.reraise()
                except _kwf.BaseException as _c:
                    _pc = (-1, 3, 3, -1, -1, -1, -1)[_pc]
                    if _pc < 0:
                        raise
                    _f.thrown = _c
        return _kwf.Coroutine(_kwf_step, (self,))

    @_kwf.coroutine
    def __aexit__(self, typ: Any, value: Any, _traceback: Any) -> bool | None:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            while True:
                try:
                    if _pc < 15:
                        if _pc < 7:
                            if _pc == 0:
                                self, typ, value, _traceback = _f.slots
                                _f.slots = ()
                                if typ is None:
                                    pass
                                    _pc = 6
                                    continue
                                _pc = 12
                                continue
                            elif _pc == 1:
                                self, typ, value = _f.slots
                                _f.slots = ()
                                if _x:
                                    _f.through()
                                    _x = False
                                    _pc = 34
                                    continue
                                _pc = 7
                                continue
                            elif _pc == 2:
                                _done1, self, typ, value = _f.slots
                                _f.slots = ()
                                if _x:
                                    return _f.fail()
                                if _done1 == 1:
                                    return _f.reraise()
                                _pc = 12
                                continue
                            elif _pc == 3:
                                self, value = _f.slots
                                _f.slots = ()
                                if _x:
                                    _f.through()
                                    _x = False
                                    _pc = 20
                                    continue
                                _pc = 14
                                continue
                            elif _pc == 4:
                                _done1, = _f.slots
                                _f.slots = ()
                                if _x:
                                    return _f.fail()
                                if _done1 == 1:
                                    return _f.reraise()
                                _f.pc = -1
                                return None
                            else:
                                _r = anext(self.gen)
                                _f.pc = 1
                                _f.slots = (self, typ, value)
                                return _r
                        elif _pc < 10:
                            if _pc == 7:
                                pass
                                _pc = 8
                                continue
                            elif _pc == 8:
                                raise RuntimeError("generator didn't stop")
                            else:
                                _f.catch(0)
                                _done1 = 1
                                _f.pc = 10
                                _f.slots = (_done1, self, typ, value)
                                return _kwf.SWITCH
                        elif _pc == 10:
                            _done1, self, typ, value = _f.slots
                            _f.slots = ()
                            _r = self.gen.aclose()
                            _f.pc = 2
                            _f.slots = (_done1, self, typ, value)
                            return _r
                        elif _pc == 12:
                            if value is None:
                                value = typ()
                            pass
                            _pc = 13
                            continue
                        elif _pc == 13:
                            _r = self.gen.athrow(value)
                            _f.pc = 3
                            _f.slots = (self, value)
                            return _r
                        else:
                            pass
                            _pc = 15
                            continue
                    elif _pc < 24:
                        if _pc == 15:
                            raise RuntimeError("generator didn't stop after athrow()")
                        elif _pc == 16:
                            _f.catch(0)
                            _done1 = 1
                            _f.pc = 17
                            _f.slots = (_done1, self)
                            return _kwf.SWITCH
                        elif _pc == 17:
                            _done1, self = _f.slots
                            _f.slots = ()
                            _r = self.gen.aclose()
                            _f.pc = 4
                            _f.slots = (_done1,)
                            return _r
                        elif _pc == 20:
                            _f.catch(0)
                            _f.pc = 21
                            _f.slots = (value,)
                            return _kwf.SWITCH
                        elif _pc == 21:
                            value, = _f.slots
                            _f.slots = ()
                            if _f.catches(StopAsyncIteration):
                                exc = _f.handled[-1]
                                _pc = 23
                                continue
                            if _f.catches(RuntimeError):
                                exc = _f.handled[-1]
                                _pc = 27
                                continue
                            if _f.catches(BaseException):
                                exc = _f.handled[-1]
                                _pc = 31
                                continue
                            return _f.reraise()
                        else:
                            _result1 = exc is not value
                            exc = None
                            del exc
                            _f.pc = -1
                            return _result1
                    elif _pc < 31:
                        if _pc == 24:
                            _f.catch(1)
                            exc = None
                            del exc
                            return _f.reraise()
                        elif _pc == 27:
                            kinds = (StopIteration, StopAsyncIteration)
                            if exc is not value and (not _is_same_stop(exc, value, kinds)):
                                raise
                            _result1 = False
                            exc = None
                            del exc
                            _f.pc = -1
                            return _result1
                        else:
                            _f.catch(1)
                            exc = None
                            del exc
                            return _f.reraise()
                    elif _pc == 31:
                        if exc is not value:
                            raise
                        _result1 = False
                        exc = None
                        del exc
                        _f.pc = -1
                        return _result1
                    elif _pc == 32:
                        _f.catch(1)
                        exc = None
                        del exc
                        return _f.reraise()
                    elif _pc == 34:
                        _f.catch(0)
                        _f.pc = 35
                        _f.slots = ()
                        return _kwf.SWITCH
                    else:
                        if _f.catches(StopAsyncIteration):
                            _f.pc = -1
                            return False
                        return _f.reraise()
                except _kwf.BaseException as _c:
                    _pc = (-1, 34, -1, 20, -1, -1, 34, -1, 9, -1, -1, -1, -1, 20, -1, 16, -1, -1, -1, -1, -1, -1, -1, 24, -1, -1, -1, 28, -1, -1, -1, 32, -1, -1, -1, -1, -1, -1)[_pc]
                    if _pc < 0:
                        raise
                    _f.thrown = _c
        return _kwf.Coroutine(_kwf_step, (self, typ, value, _traceback))


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

    @_kwf.coroutine
    def __aenter__(self) -> Any:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            self, = _f.slots
            _f.slots = ()
            _f.pc = -1
            return self.thing
        return _kwf.Coroutine(_kwf_step, (self,))

    @_kwf.coroutine
    def __aexit__(self, *_exc_info: object) -> None:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            if _pc == 0:
                self, _exc_info = _f.slots
                _f.slots = ()
                _r = self.thing.aclose()
                _f.pc = 1
                _f.slots = ()
                return _r
            else:
                if _x:
                    return _f.fail()
                _f.pc = -1
                return None
        return _kwf.Coroutine(_kwf_step, (self, _exc_info))


class nullcontext(AbstractContextManager[Any], AbstractAsyncContextManager[Any]):  # noqa: N801
    """``contextlib.nullcontext``."""

    def __init__(self, enter_result: Any = None) -> None:
        self.enter_result = enter_result

    def __enter__(self) -> Any:
        return self.enter_result

    def __exit__(self, *_exc_info: object) -> None:
        return None

    @_kwf.coroutine
    def __aenter__(self) -> Any:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            self, = _f.slots
            _f.slots = ()
            _f.pc = -1
            return self.enter_result
        return _kwf.Coroutine(_kwf_step, (self,))

    @_kwf.coroutine
    def __aexit__(self, *_exc_info: object) -> None:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            self, _exc_info = _f.slots
            _f.slots = ()
            _f.pc = -1
            return None
        return _kwf.Coroutine(_kwf_step, (self, _exc_info))


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

    @_kwf.coroutine
    def enter_async_context(self, cm: Any) -> Any:
        """Enter an async context manager, and register its exit."""

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            if _pc == 0:
                self, cm = _f.slots
                _f.slots = ()
                enter = _method(cm, '__aenter__', 'asynchronous context manager')
                leave = _method(cm, '__aexit__', 'asynchronous context manager')
                _r = enter()
                _f.pc = 1
                _f.slots = (leave, self)
                return _r
            else:
                leave, self = _f.slots
                _f.slots = ()
                if _x:
                    return _f.fail()
                result = _v
                self._exits.append(_Exit(leave, is_sync=False))
                _f.pc = -1
                return result
        return _kwf.Coroutine(_kwf_step, (self, cm))

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

    @_kwf.coroutine
    def aclose(self) -> None:
        """Call all exits now."""

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            if _pc == 0:
                self, = _f.slots
                _f.slots = ()
                _r = self.__aexit__(None, None, None)
                _f.pc = 1
                _f.slots = ()
                return _r
            else:
                if _x:
                    return _f.fail()
                _f.pc = -1
                return None
        return _kwf.Coroutine(_kwf_step, (self,))

    @_kwf.coroutine
    def __aenter__(self) -> Any:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            self, = _f.slots
            _f.slots = ()
            _f.pc = -1
            return self
        return _kwf.Coroutine(_kwf_step, (self,))

    @_kwf.coroutine
    def __aexit__(self, _typ: Any, exc: Any, _traceback: Any) -> bool:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            while True:
                try:
                    if _pc < 7:
                        if _pc == 0:
                            self, _typ, exc, _traceback = _f.slots
                            _f.slots = ()
                            handled = sys.exc_info()[1]
                            received = exc is not None
                            suppressed = pending = False
                            _pc = 2
                            continue
                        elif _pc == 1:
                            entry, exc, handled, pending, received, self, suppressed = _f.slots
                            _f.slots = ()
                            if _x:
                                _f.through()
                                _x = False
                                _pc = 8
                                continue
                            result = _v
                            _pc = 7
                            continue
                        elif _pc == 2:
                            if self._exits:
                                entry = self._exits.pop()
                                pass
                                _pc = 5
                                continue
                            if pending:
                                _raise_with_context(exc)
                            _f.pc = -1
                            return received and suppressed
                        elif _pc == 3:
                            exc, handled, pending, received, self, suppressed = _f.slots
                            _f.slots = ()
                            _pc = 2
                            continue
                        else:
                            result = entry(exc)
                            if not entry.is_sync:
                                _r = result
                                _f.pc = 1
                                _f.slots = (entry, exc, handled, pending, received, self, suppressed)
                                return _r
                            _pc = 7
                            continue
                    elif _pc == 7:
                        if result and (not entry.is_callback):
                            suppressed, pending, exc = (True, False, None)
                        _pc = 2
                        continue
                    elif _pc == 8:
                        _f.catch(0)
                        _f.pc = 9
                        _f.slots = (exc, handled, received, self, suppressed)
                        return _kwf.SWITCH
                    elif _pc == 9:
                        exc, handled, received, self, suppressed = _f.slots
                        _f.slots = ()
                        if _f.catches(BaseException):
                            new = _f.handled[-1]
                            _pc = 11
                            continue
                        return _f.reraise()
                    elif _pc == 11:
                        _fix_context(new, exc, handled)
                        pending, exc = (True, new)
                        _pc = 12
                        continue
                    elif _pc == 12:
                        new = None
                        del new
                        _f.leave(0)
                        _f.pc = 3
                        _f.slots = (exc, handled, pending, received, self, suppressed)
                        return _kwf.SWITCH
                    else:
                        _f.catch(1)
                        new = None
                        del new
                        return _f.reraise()
                except _kwf.BaseException as _c:
                    _pc = (-1, 8, -1, -1, -1, 8, 8, 8, -1, -1, -1, 13, -1, -1, -1, -1)[_pc]
                    if _pc < 0:
                        raise
                    _f.thrown = _c
        return _kwf.Coroutine(_kwf_step, (self, _typ, exc, _traceback))
_kwf.module(__name__, {'_AsyncGeneratorContextManager.__call__.<locals>.inner': ('coroutine', (('async with self._recreate_cm()#0', 101, ('_exit1', '_result1', 'args', 'kwds')), ('async with self._recreate_cm(): leave#0', 101, ('_done1', '_result1')), ('async with self._recreate_cm(): leave by error#0', 101, ('_exit1', '_normal1', '_result1')), ('await func(*args, **kwds)#0', 102, ('_exit1', '_normal1', '_result1'))), ('args', 'kwds')), '_AsyncGeneratorContextManager.__aenter__': ('coroutine', (('await anext(self.gen)#0', 109, ()),), ('self',)), '_AsyncGeneratorContextManager.__aexit__': ('coroutine', (('await anext(self.gen)#0', 116, ('self', 'typ', 'value')), ('await self.gen.aclose()#0', 122, ('_done1', 'self', 'typ', 'value')), ('await self.gen.athrow(value)#0', 126, ('self', 'value')), ('await self.gen.aclose()#1', 141, ('_done1',))), ('self', 'typ', 'value', '_traceback')), 'aclosing.__aenter__': ('coroutine', (), ('self',)), 'aclosing.__aexit__': ('coroutine', (('await self.thing.aclose()#0', 187, ()),), ('self', '_exc_info')), 'nullcontext.__aenter__': ('coroutine', (), ('self',)), 'nullcontext.__aexit__': ('coroutine', (), ('self', '_exc_info')), 'AsyncExitStack.enter_async_context': ('coroutine', (('await enter()#0', 351, ('leave', 'self')),), ('self', 'cm')), 'AsyncExitStack.aclose': ('coroutine', (('await self.__aexit__(None, None, None)#0', 371, ()),), ('self',)), 'AsyncExitStack.__aenter__': ('coroutine', (), ('self',)), 'AsyncExitStack.__aexit__': ('coroutine', (('await result#0', 385, ('entry', 'exc', 'handled', 'pending', 'received', 'self', 'suppressed')),), ('self', '_typ', 'exc', '_traceback'))}, ('builtins:BaseException', 'builtins:RuntimeError', 'builtins:StopAsyncIteration', 'builtins:StopIteration', 'builtins:TypeError', 'builtins:anext', 'builtins:bool', 'builtins:getattr', 'builtins:hasattr', 'builtins:isinstance', 'builtins:issubclass', 'builtins:next', 'builtins:object', 'builtins:str', 'builtins:tuple', 'builtins:type', 'collections.abc:Callable', 'collections:deque', 'functools:', 'functools:wraps', 'kwf_runtime.lib.base:AbstractAsyncContextManager', 'kwf_runtime.lib.base:AbstractContextManager', 'sys:', 'sys:exc_info', 'typing:Any'))
