# kwf: compiled
# Generated from kwf_runtime/lib/tasks.py by tools/build_lib.py: not for editing.
# fmt: off
# ruff: noqa
# mypy: ignore-errors
# kwf: compiled from kwf_runtime/lib/tasks.py; do not edit
"""Tasks of a workflow thread: start them, wait for them, gather, shield, sleep.

A port of CPython 3.11's Lib/asyncio/tasks.py, compiled by kwf itself, so that everything here can
be saved while it waits. ``gather`` and ``shield`` need a workflow thread; the others work on any
loop.

Limits: no eager tasks (3.12). ``wait_for`` runs a coroutine as a task of its own, as up to 3.11.
"""

from __future__ import annotations
import kwf_runtime.abi as _kwf

import functools
from collections.abc import Iterable, Iterator
from typing import Any

from kwf_runtime.lib.base import (
    PASS,
    CancelledError,
    Future,
    Trap,
    cancel_future,
    is_awaitable,
    is_coroutine,
    is_future,
    running_loop,
)

from .queues import Queue

FIRST_COMPLETED = "FIRST_COMPLETED"
FIRST_EXCEPTION = "FIRST_EXCEPTION"
ALL_COMPLETED = "ALL_COMPLETED"


@_kwf.coroutine
def _wrap_awaitable(awaitable: Any) -> Any:

    def _kwf_step(_f, _v, _x):
        _pc = _f.pc
        if _pc == 0:
            awaitable, = _f.slots
            _f.slots = ()
            _r = awaitable
            _f.pc = 1
            _f.slots = ()
            return _r
        else:
            if _x:
                return _f.fail()
            _t1 = _v
            _f.pc = -1
            return _t1
    return _kwf.Coroutine(_kwf_step, (awaitable,))


def create_task(coro: Any, *, name: str | None = None, context: Any = None) -> Any:
    """``asyncio.create_task``."""
    loop = running_loop()
    options = {} if context is None else {"context": context}
    task = loop.create_task(coro, **options)
    if name is not None:
        task.set_name(name)
    return task


def ensure_future(coro_or_future: Any, *, loop: Any = None) -> Any:
    """``asyncio.ensure_future``."""
    if is_future(coro_or_future):
        if loop is not None and loop is not coro_or_future.get_loop():
            raise ValueError(
                "The future belongs to a different loop than the one specified as the loop argument"
            )
        return coro_or_future
    if is_coroutine(coro_or_future) or isinstance(coro_or_future, Trap):
        coro = coro_or_future  # a task awaits a trap by itself
    elif is_awaitable(coro_or_future):
        coro = _wrap_awaitable(coro_or_future)
    else:
        raise TypeError("An asyncio.Future, a coroutine or an awaitable is required")
    return (running_loop() if loop is None else loop).create_task(coro)


@_kwf.coroutine
def sleep(delay: float, result: Any=None) -> Any:
    """``asyncio.sleep``: a timer of the thread, given up when the task is cancelled."""

    def _kwf_step(_f, _v, _x):
        _pc = _f.pc
        while True:
            try:
                if _pc < 5:
                    if _pc == 0:
                        delay, result = _f.slots
                        _f.slots = ()
                        if delay != delay:
                            raise ValueError('Invalid delay: NaN (not a number)')
                        if delay <= 0:
                            _r = PASS
                            _f.pc = 1
                            _f.slots = (result,)
                            return _r
                        loop = running_loop()
                        future = loop.create_future()
                        handle = loop.call_later(delay, _set_result_unless_cancelled, future, result)
                        pass
                        _pc = 5
                        continue
                    elif _pc == 1:
                        result, = _f.slots
                        _f.slots = ()
                        if _x:
                            return _f.fail()
                        _f.pc = -1
                        return result
                    else:
                        _result1, handle = _f.slots
                        _f.slots = ()
                        if _result1 is _kwf.UNBOUND:
                            del _result1
                        if _x:
                            _f.through()
                            _x = False
                            _pc = 12
                            continue
                        _t1 = _v
                        _result1 = _t1
                        _done1 = 2
                        _pc = 6
                        continue
                elif _pc == 5:
                    _r = future
                    _f.pc = 2
                    _f.slots = (_kwf.locals().get('_result1', _kwf.UNBOUND), handle)
                    return _r
                elif _pc == 6:
                    handle.cancel()
                    if _done1 == 1:
                        return _f.reraise()
                    if _done1 == 2:
                        _f.pc = -1
                        return _result1
                    _f.pc = -1
                    return None
                elif _pc == 7:
                    _done1, _result1, handle = _f.slots
                    _f.slots = ()
                    if _result1 is _kwf.UNBOUND:
                        del _result1
                    _pc = 6
                    continue
                else:
                    _f.catch(0)
                    _done1 = 1
                    _f.pc = 7
                    _f.slots = (_done1, _kwf.locals().get('_result1', _kwf.UNBOUND), handle)
                    return _kwf.SWITCH
            except _kwf.BaseException as _c:
                _pc = (-1, -1, 12, -1, -1, 12, -1, -1, -1, -1, -1, -1, -1)[_pc]
                if _pc < 0:
                    raise
                _f.thrown = _c
    return _kwf.Coroutine(_kwf_step, (delay, result))


def _set_result_unless_cancelled(future: Any, result: Any) -> None:
    if not future.cancelled():
        future.set_result(result)


def _release_waiter(waiter: Any, *_args: object) -> None:
    if not waiter.done():
        waiter.set_result(None)


@_kwf.coroutine
def _cancel_and_wait(future: Any) -> None:
    """Cancel and wait for the end; the wait itself can be cancelled."""

    def _kwf_step(_f, _v, _x):
        _pc = _f.pc
        while True:
            try:
                if _pc == 0:
                    future, = _f.slots
                    _f.slots = ()
                    waiter = running_loop().create_future()
                    callback = functools.partial(_release_waiter, waiter)
                    future.add_done_callback(callback)
                    pass
                    _pc = 2
                    continue
                elif _pc == 1:
                    callback, future = _f.slots
                    _f.slots = ()
                    if _x:
                        _f.through()
                        _x = False
                        _pc = 7
                        continue
                    _done1 = 0
                    _pc = 3
                    continue
                elif _pc == 2:
                    future.cancel()
                    _r = waiter
                    _f.pc = 1
                    _f.slots = (callback, future)
                    return _r
                elif _pc == 3:
                    future.remove_done_callback(callback)
                    if _done1 == 1:
                        return _f.reraise()
                    _f.pc = -1
                    return None
                elif _pc == 4:
                    _done1, callback, future = _f.slots
                    _f.slots = ()
                    _pc = 3
                    continue
                else:
                    _f.catch(0)
                    _done1 = 1
                    _f.pc = 4
                    _f.slots = (_done1, callback, future)
                    return _kwf.SWITCH
            except _kwf.BaseException as _c:
                _pc = (-1, 7, 7, -1, -1, -1, -1, -1)[_pc]
                if _pc < 0:
                    raise
                _f.thrown = _c
    return _kwf.Coroutine(_kwf_step, (future,))


@_kwf.coroutine
def wait_for(fut: Any, timeout: float | None) -> Any:
    """``asyncio.wait_for``: if it takes longer, cancel it, wait for its end, raise TimeoutError."""

    def _kwf_step(_f, _v, _x):
        _pc = _f.pc
        while True:
            try:
                if _pc < 11:
                    if _pc < 3:
                        if _pc == 0:
                            fut, timeout = _f.slots
                            _f.slots = ()
                            if timeout is None:
                                _r = fut
                                _f.pc = 1
                                _f.slots = ()
                                return _r
                            if timeout <= 0:
                                future = ensure_future(fut)
                                if future.done():
                                    _f.pc = -1
                                    return future.result()
                                _r = _cancel_and_wait(future)
                                _f.pc = 2
                                _f.slots = (future,)
                                return _r
                            loop = running_loop()
                            waiter = loop.create_future()
                            handle = loop.call_later(timeout, _release_waiter, waiter)
                            callback = functools.partial(_release_waiter, waiter)
                            future = ensure_future(fut)
                            future.add_done_callback(callback)
                            pass
                            _pc = 10
                            continue
                        elif _pc == 1:
                            if _x:
                                return _f.fail()
                            _t1 = _v
                            _f.pc = -1
                            return _t1
                        else:
                            future, = _f.slots
                            _f.slots = ()
                            if _x:
                                return _f.fail()
                            _f.pc = -1
                            return _result_or_timeout(future)
                    elif _pc == 3:
                        _result1, callback, future, handle = _f.slots
                        _f.slots = ()
                        if _result1 is _kwf.UNBOUND:
                            del _result1
                        if _x:
                            _f.through()
                            _x = False
                            _pc = 26
                            continue
                        _pc = 12
                        continue
                    elif _pc == 4:
                        _result1, handle = _f.slots
                        _f.slots = ()
                        if _result1 is _kwf.UNBOUND:
                            del _result1
                        if _x:
                            _f.through()
                            _x = False
                            _pc = 24
                            continue
                        raise
                    elif _pc == 5:
                        _result1, future, handle = _f.slots
                        _f.slots = ()
                        if _result1 is _kwf.UNBOUND:
                            del _result1
                        if _x:
                            _f.through()
                            _x = False
                            _pc = 24
                            continue
                        _result1 = _result_or_timeout(future)
                        _done1 = 4
                        _pc = 14
                        continue
                    else:
                        pass
                        _pc = 11
                        continue
                elif _pc < 15:
                    if _pc == 11:
                        _r = waiter
                        _f.pc = 3
                        _f.slots = (_kwf.locals().get('_result1', _kwf.UNBOUND), callback, future, handle)
                        return _r
                    elif _pc == 12:
                        if future.done():
                            _result1 = future.result()
                            _done1 = 3
                            _pc = 14
                            continue
                        future.remove_done_callback(callback)
                        _r = _cancel_and_wait(future)
                        _f.pc = 5
                        _f.slots = (_kwf.locals().get('_result1', _kwf.UNBOUND), future, handle)
                        return _r
                    else:
                        handle.cancel()
                        if _done1 == 1:
                            return _f.reraise()
                        if _done1 == 2:
                            _f.pc = -1
                            return _result1
                        if _done1 == 3:
                            _f.pc = -1
                            return _result1
                        if _done1 == 4:
                            _f.pc = -1
                            return _result1
                        _f.pc = -1
                        return None
                elif _pc == 15:
                    _done1, _result1, handle = _f.slots
                    _f.slots = ()
                    if _result1 is _kwf.UNBOUND:
                        del _result1
                    _pc = 14
                    continue
                elif _pc == 24:
                    _f.catch(0)
                    _done1 = 1
                    _f.pc = 15
                    _f.slots = (_done1, _kwf.locals().get('_result1', _kwf.UNBOUND), handle)
                    return _kwf.SWITCH
                elif _pc == 26:
                    _f.catch(0)
                    _f.pc = 27
                    _f.slots = (_kwf.locals().get('_result1', _kwf.UNBOUND), callback, future, handle)
                    return _kwf.SWITCH
                else:
                    _result1, callback, future, handle = _f.slots
                    _f.slots = ()
                    if _result1 is _kwf.UNBOUND:
                        del _result1
                    if _f.catches(CancelledError):
                        if future.done():
                            _result1 = future.result()
                            _done1 = 2
                            _f.leave(0)
                            _f.pc = 15
                            _f.slots = (_done1, _kwf.locals().get('_result1', _kwf.UNBOUND), handle)
                            return _kwf.SWITCH
                        future.remove_done_callback(callback)
                        _r = _cancel_and_wait(future)
                        _f.pc = 4
                        _f.slots = (_kwf.locals().get('_result1', _kwf.UNBOUND), handle)
                        return _r
                    _f.rethrow()
                    _pc = 24
                    continue
            except _kwf.BaseException as _c:
                _pc = (-1, -1, -1, 26, 24, 24, -1, -1, -1, -1, 24, 26, 24, 24, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 24, 24, 24, 24, 24, 24, 24)[_pc]
                if _pc < 0:
                    raise
                _f.thrown = _c
    return _kwf.Coroutine(_kwf_step, (fut, timeout))


def _result_or_timeout(future: Any) -> Any:
    # One that failed while it was cancelled raises its own exception (bpo-40607).
    try:
        return future.result()
    except CancelledError as exc:
        raise TimeoutError from exc


class _Completion:
    """What ``wait`` hangs on its futures: releases the waiter when enough of them are done."""

    __slots__ = ("handle", "left", "return_when", "waiter")

    def __init__(self, waiter: Any, handle: Any, left: int, return_when: str) -> None:
        self.waiter = waiter
        self.handle = handle
        self.left = left
        self.return_when = return_when

    def on_done(self, future: Any) -> None:
        self.left -= 1
        failed = not future.cancelled() and future.exception() is not None
        if (
            self.left <= 0
            or self.return_when == FIRST_COMPLETED
            or (self.return_when == FIRST_EXCEPTION and failed)
        ):
            if self.handle is not None:
                self.handle.cancel()
            _release_waiter(self.waiter)


@_kwf.coroutine
def wait(fs: Iterable[Any], *, timeout: float | None=None, return_when: str=ALL_COMPLETED) -> tuple[set[Any], set[Any]]:
    """``asyncio.wait``: the done and the pending ones."""

    def _kwf_step(_f, _v, _x):
        _pc = _f.pc
        while True:
            try:
                if _pc == 0:
                    fs, timeout, return_when = _f.slots
                    _f.slots = ()
                    if is_future(fs) or is_coroutine(fs):
                        raise TypeError(f'expect a list of futures, not {type(fs).__name__}')
                    if not fs:
                        raise ValueError('Set of Tasks/Futures is empty.')
                    if return_when not in (FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED):
                        raise ValueError(f'Invalid return_when value: {return_when}')
                    different = dict.fromkeys(fs)
                    if any((is_coroutine(one) for one in different)):
                        raise TypeError('Passing coroutines is forbidden, use tasks explicitly.')
                    futures = [ensure_future(one) for one in different]
                    loop = running_loop()
                    waiter = loop.create_future()
                    handle = None
                    if timeout is not None:
                        handle = loop.call_later(timeout, _release_waiter, waiter)
                    completion = _Completion(waiter, handle, len(futures), return_when)
                    for future in futures:
                        future.add_done_callback(completion.on_done)
                    pass
                    _pc = 2
                    continue
                elif _pc == 1:
                    completion, futures, handle = _f.slots
                    _f.slots = ()
                    if _x:
                        _f.through()
                        _x = False
                        _pc = 7
                        continue
                    _done1 = 0
                    _pc = 3
                    continue
                elif _pc == 2:
                    _r = waiter
                    _f.pc = 1
                    _f.slots = (completion, futures, handle)
                    return _r
                elif _pc == 3:
                    if handle is not None:
                        handle.cancel()
                    for future in futures:
                        future.remove_done_callback(completion.on_done)
                    if _done1 == 1:
                        return _f.reraise()
                    done = {future for future in futures if future.done()}
                    _f.pc = -1
                    return (done, {future for future in futures if future not in done})
                elif _pc == 4:
                    _done1, completion, futures, handle = _f.slots
                    _f.slots = ()
                    _pc = 3
                    continue
                else:
                    _f.catch(0)
                    _done1 = 1
                    _f.pc = 4
                    _f.slots = (_done1, completion, futures, handle)
                    return _kwf.SWITCH
            except _kwf.BaseException as _c:
                _pc = (-1, 7, 7, -1, -1, -1, -1, -1)[_pc]
                if _pc < 0:
                    raise
                _f.thrown = _c
    return _kwf.Coroutine(_kwf_step, (fs, timeout, return_when))


class _Arrivals:
    """What ``as_completed`` hangs on its futures: a queue of them in the order of their ends."""

    __slots__ = ("handle", "queue", "todo")

    def __init__(self, todo: Iterable[Any]) -> None:
        self.queue = Queue()
        self.todo = dict.fromkeys(todo)
        self.handle: Any = None

    def on_timeout(self) -> None:
        for future in self.todo:
            future.remove_done_callback(self.on_done)
            self.queue.put_nowait(None)  # one for each that waits
        self.todo.clear()

    def on_done(self, future: Any) -> None:
        if not self.todo:
            return  # the timeout was first
        del self.todo[future]
        self.queue.put_nowait(future)
        if not self.todo and self.handle is not None:
            self.handle.cancel()

    @_kwf.coroutine
    def next(self) -> Any:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            if _pc == 0:
                self, = _f.slots
                _f.slots = ()
                _r = self.queue.get()
                _f.pc = 1
                _f.slots = ()
                return _r
            else:
                if _x:
                    return _f.fail()
                future = _v
                if future is None:
                    raise TimeoutError
                _f.pc = -1
                return future.result()
        return _kwf.Coroutine(_kwf_step, (self,))


@_kwf.generator
def as_completed(fs: Iterable[Any], *, timeout: float | None=None) -> Iterator[Any]:
    """``asyncio.as_completed``: awaitables of the results, in the order of their coming."""

    def _kwf_step(_f, _v, _x):
        _pc = _f.pc
        while True:
            try:
                if _pc == 0:
                    fs, timeout = _f.slots
                    _f.slots = ()
                    if is_future(fs) or is_coroutine(fs):
                        raise TypeError(f'expect an iterable of futures, not {type(fs).__name__}')
                    arrivals = _Arrivals([ensure_future(one) for one in dict.fromkeys(fs)])
                    todo = list(arrivals.todo)
                    for future in todo:
                        future.add_done_callback(arrivals.on_done)
                    if todo and timeout is not None:
                        arrivals.handle = running_loop().call_later(timeout, arrivals.on_timeout)
                    _iter1 = _kwf.iter(todo)
                    _pc = 2
                    continue
                elif _pc == 1:
                    _iter1, arrivals = _f.slots
                    _f.slots = ()
                    if _x:
                        _f.through()
                        _x = False
                        _pc = 4
                        continue
                    _pc = 2
                    continue
                elif _pc == 2:
                    _next1 = _kwf.next(_iter1, _kwf.END)
                    if _next1 is _kwf.END:
                        _pc = 5
                        continue
                    _ = _next1
                    _r = arrivals.next()
                    _f.pc = 1
                    _f.slots = (_iter1, arrivals)
                    return _r
                elif _pc == 4:
                    _f.catch(0)
                    del _iter1
                    return _f.reraise()
                else:
                    del _iter1
                    _f.pc = -1
                    return None
            except _kwf.BaseException as _c:
                _pc = (-1, 4, 4, 4, -1, -1)[_pc]
                if _pc < 0:
                    raise
                _f.thrown = _c
    return _kwf.Generator(_kwf_step, (fs, timeout))


class _Gathering(Future[Any]):
    """The future of ``gather``; cancelling it cancels the children, and it ends with them."""

    __slots__ = ("_cancel_requested", "_children", "_left", "_return_exceptions")

    def __init__(self, loop: Any, return_exceptions: bool) -> None:
        super().__init__(loop=loop)
        self._children: list[Any] = []
        self._left = 0
        self._return_exceptions = return_exceptions
        self._cancel_requested = False

    def cancel(self, msg: Any = None, *, kind: type[CancelledError] = CancelledError) -> bool:
        """Cancel the children."""
        if self.done():
            return False
        cancelled = [cancel_future(child, msg, kind) for child in self._children]
        if not any(cancelled):
            return False
        self._cancel_requested = True
        return True

    def on_child_done(self, child: Any) -> None:
        self._left -= 1
        if self.done():
            _retrieve(child)
            return
        if not self._return_exceptions:
            exc = child._make_cancelled_error() if child.cancelled() else child.exception()
            if exc is not None:
                self.set_exception(exc)
                return
        if self._left:
            return
        if self._cancel_requested:
            # It goes on to the caller whatever return_exceptions is (bpo-32684).
            self.set_exception(child._make_cancelled_error())
            return
        self.set_result([self._outcome(child) for child in self._children])

    def _outcome(self, child: Any) -> Any:
        if child.cancelled():
            return CancelledError("" if child._cancel_message is None else child._cancel_message)
        exc = child.exception()
        return child.result() if exc is None else exc


def _retrieve(future: Any) -> None:
    """Take note of the outcome, so that nobody complains that nobody did."""
    if not future.cancelled():
        future.exception()


def gather(*coros_or_futures: Any, return_exceptions: bool = False) -> Any:
    """``asyncio.gather``: the results, in order."""
    loop = running_loop()
    if not coros_or_futures:
        empty = loop.create_future()
        empty.set_result([])
        return empty
    outer = _Gathering(loop, return_exceptions)
    futures: dict[Any, Any] = {}
    for one in coros_or_futures:
        if one not in futures:
            futures[one] = ensure_future(one, loop=loop)
    outer._left = len(futures)
    outer._children = [futures[one] for one in coros_or_futures]
    for future in futures.values():
        future.add_done_callback(outer.on_child_done)
    return outer


class _Shield:
    """What ``shield`` hangs on its two futures."""

    __slots__ = ("inner", "outer")

    def __init__(self, inner: Any, outer: Any) -> None:
        self.inner = inner
        self.outer = outer

    def on_inner_done(self, inner: Any) -> None:
        if self.outer.cancelled():
            _retrieve(inner)
        elif inner.cancelled():
            self.outer.cancel()
        elif (exc := inner.exception()) is not None:
            self.outer.set_exception(exc)
        else:
            self.outer.set_result(inner.result())

    def on_outer_done(self, _outer: Any) -> None:
        if not self.inner.done():
            self.inner.remove_done_callback(self.on_inner_done)


def shield(arg: Any) -> Any:
    """``asyncio.shield``: the result of ``arg``, which is not cancelled with the caller."""
    inner = ensure_future(arg)
    if inner.done():
        return inner
    outer = inner.get_loop().create_future()
    both = _Shield(inner, outer)
    inner.add_done_callback(both.on_inner_done)
    outer.add_done_callback(both.on_outer_done)
    return outer
_kwf.module(__name__, {'_wrap_awaitable': ('coroutine', (('await awaitable#0', 36, ()),), ('awaitable',)), 'sleep': ('coroutine', (('await PASS#0', 71, ('result',)), ('await future#0', 77, ('_result1', 'handle'))), ('delay', 'result')), '_cancel_and_wait': ('coroutine', (('await waiter#0', 99, ('callback', 'future')),), ('future',)), 'wait_for': ('coroutine', (('await fut#0', 107, ()), ('await _cancel_and_wait(future)#0', 112, ('future',)), ('await waiter#0', 123, ('_result1', 'callback', 'future', 'handle')), ('await _cancel_and_wait(future)#1', 129, ('_result1', 'handle')), ('await _cancel_and_wait(future)#2', 134, ('_result1', 'future', 'handle'))), ('fut', 'timeout')), 'wait': ('coroutine', (('await waiter#0', 195, ('completion', 'futures', 'handle')),), ('fs', 'timeout', 'return_when')), '_Arrivals.next': ('coroutine', (('await self.queue.get()#0', 230, ()),), ('self',)), 'as_completed': ('generator', (('(yield arrivals.next())#0', 247, ('_iter1', 'arrivals')),), ('fs', 'timeout'))}, ('.queues:Queue', 'builtins:TimeoutError', 'builtins:TypeError', 'builtins:ValueError', 'builtins:any', 'builtins:bool', 'builtins:dict', 'builtins:float', 'builtins:int', 'builtins:isinstance', 'builtins:len', 'builtins:list', 'builtins:object', 'builtins:set', 'builtins:str', 'builtins:super', 'builtins:tuple', 'builtins:type', 'collections.abc:Iterable', 'collections.abc:Iterator', 'functools:', 'functools:partial', 'kwf_runtime.lib.base:CancelledError', 'kwf_runtime.lib.base:Future', 'kwf_runtime.lib.base:PASS', 'kwf_runtime.lib.base:Trap', 'kwf_runtime.lib.base:cancel_future', 'kwf_runtime.lib.base:is_awaitable', 'kwf_runtime.lib.base:is_coroutine', 'kwf_runtime.lib.base:is_future', 'kwf_runtime.lib.base:running_loop', 'typing:Any'))
