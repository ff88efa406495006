# kwf: compiled
# Generated from kwf_runtime/lib/queues.py by tools/build_lib.py: not for editing.
# fmt: off
# ruff: noqa
# mypy: ignore-errors
# kwf: compiled from kwf_runtime/lib/queues.py; do not edit
"""Queues that a suspended workflow can hold, wait for, and subclass.

A port of CPython 3.11's Lib/asyncio/queues.py, compiled by kwf itself, so that a task waiting in
``get`` or ``put`` can be saved.

Limits: no ``shutdown`` (3.13).
"""

from __future__ import annotations
import kwf_runtime.abi as _kwf

import collections
import heapq
from types import GenericAlias
from typing import Any

from kwf_runtime.lib.base import QueueEmpty, QueueFull, running_loop

from .locks import Event


class Queue:
    """``asyncio.Queue``: first in, first out."""

    def __init__(self, maxsize: int = 0) -> None:
        self._maxsize = maxsize
        self._getters: collections.deque[Any] = collections.deque()
        self._putters: collections.deque[Any] = collections.deque()
        self._unfinished_tasks = 0
        self._finished = Event()
        self._finished.set()
        self._init(maxsize)

    # What a subclass overrides, as in asyncio.

    def _init(self, maxsize: int) -> None:
        self._queue: Any = collections.deque()

    def _get(self) -> Any:
        return self._queue.popleft()

    def _put(self, item: Any) -> None:
        self._queue.append(item)

    def _wakeup_next(self, waiters: collections.deque[Any]) -> None:
        while waiters:
            waiter = waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                break

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {id(self):#x} {self._format()}>"

    def __str__(self) -> str:
        return f"<{type(self).__name__} {self._format()}>"

    def __class_getitem__(cls, item: Any) -> GenericAlias:
        return GenericAlias(cls, item)

    def _format(self) -> str:
        result = f"maxsize={self._maxsize!r}"
        if getattr(self, "_queue", None):
            result += f" _queue={list(self._queue)!r}"
        if self._getters:
            result += f" _getters[{len(self._getters)}]"
        if self._putters:
            result += f" _putters[{len(self._putters)}]"
        if self._unfinished_tasks:
            result += f" tasks={self._unfinished_tasks}"
        return result

    def qsize(self) -> int:
        """How many items are in it."""
        return len(self._queue)

    @property
    def maxsize(self) -> int:
        """How many items it takes; 0: any number."""
        return self._maxsize

    def empty(self) -> bool:
        """Whether there is no item."""
        return not self._queue

    def full(self) -> bool:
        """Whether ``put`` would have to wait."""
        return self._maxsize > 0 and self.qsize() >= self._maxsize

    @_kwf.coroutine
    def put(self, item: Any) -> None:
        """Wait for a free place, and put ``item`` there."""

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            while True:
                try:
                    if _pc == 0:
                        self, item = _f.slots
                        _f.slots = ()
                        _pc = 2
                        continue
                    elif _pc == 1:
                        item, putter, self = _f.slots
                        _f.slots = ()
                        if _x:
                            _f.through()
                            _x = False
                            _pc = 5
                            continue
                        _pc = 2
                        continue
                    elif _pc == 2:
                        if self.full():
                            putter = running_loop().create_future()
                            self._putters.append(putter)
                            pass
                            _pc = 4
                            continue
                        self.put_nowait(item)
                        _f.pc = -1
                        return None
                    elif _pc == 4:
                        _r = putter
                        _f.pc = 1
                        _f.slots = (item, putter, self)
                        return _r
                    elif _pc == 5:
                        _f.catch(0)
                        _f.pc = 6
                        _f.slots = (putter, self)
                        return _kwf.SWITCH
                    else:
                        putter, self = _f.slots
                        _f.slots = ()
                        if _f.catches(BaseException):
                            putter.cancel()
                            if putter in self._putters:
                                self._putters.remove(putter)
                            if not self.full() and (not putter.cancelled()):
                                self._wakeup_next(self._putters)
                            raise
                        return _f.reraise()
                except _kwf.BaseException as _c:
                    _pc = (-1, 5, -1, -1, 5, -1, -1, -1, -1, -1)[_pc]
                    if _pc < 0:
                        raise
                    _f.thrown = _c
        return _kwf.Coroutine(_kwf_step, (self, item))

    def put_nowait(self, item: Any) -> None:
        """Put ``item`` now.

        Raises:
            QueueFull: there is no place.
        """
        if self.full():
            raise QueueFull
        self._put(item)
        self._unfinished_tasks += 1
        self._finished.clear()
        self._wakeup_next(self._getters)

    @_kwf.coroutine
    def get(self) -> Any:
        """Wait for an item, remove and return it."""

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            while True:
                try:
                    if _pc == 0:
                        self, = _f.slots
                        _f.slots = ()
                        _pc = 2
                        continue
                    elif _pc == 1:
                        getter, self = _f.slots
                        _f.slots = ()
                        if _x:
                            _f.through()
                            _x = False
                            _pc = 5
                            continue
                        _pc = 2
                        continue
                    elif _pc == 2:
                        if self.empty():
                            getter = running_loop().create_future()
                            self._getters.append(getter)
                            pass
                            _pc = 4
                            continue
                        _f.pc = -1
                        return self.get_nowait()
                    elif _pc == 4:
                        _r = getter
                        _f.pc = 1
                        _f.slots = (getter, self)
                        return _r
                    elif _pc == 5:
                        _f.catch(0)
                        _f.pc = 6
                        _f.slots = (getter, self)
                        return _kwf.SWITCH
                    else:
                        getter, self = _f.slots
                        _f.slots = ()
                        if _f.catches(BaseException):
                            getter.cancel()
                            if getter in self._getters:
                                self._getters.remove(getter)
                            if not self.empty() and (not getter.cancelled()):
                                self._wakeup_next(self._getters)
                            raise
                        return _f.reraise()
                except _kwf.BaseException as _c:
                    _pc = (-1, 5, -1, -1, 5, -1, -1, -1, -1, -1)[_pc]
                    if _pc < 0:
                        raise
                    _f.thrown = _c
        return _kwf.Coroutine(_kwf_step, (self,))

    def get_nowait(self) -> Any:
        """Remove and return an item now.

        Raises:
            QueueEmpty: there is none.
        """
        if self.empty():
            raise QueueEmpty
        item = self._get()
        self._wakeup_next(self._putters)
        return item

    def task_done(self) -> None:
        """Say that the work on an item is done.

        Raises:
            ValueError: called more often than there were items.
        """
        if self._unfinished_tasks <= 0:
            raise ValueError("task_done() called too many times")
        self._unfinished_tasks -= 1
        if self._unfinished_tasks == 0:
            self._finished.set()

    @_kwf.coroutine
    def join(self) -> None:
        """Wait until ``task_done`` was called for each item."""

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            while True:
                if _pc == 0:
                    self, = _f.slots
                    _f.slots = ()
                    if self._unfinished_tasks > 0:
                        _r = self._finished.wait()
                        _f.pc = 1
                        _f.slots = ()
                        return _r
                    _pc = 3
                    continue
                elif _pc == 1:
                    if _x:
                        return _f.fail()
                    _pc = 3
                    continue
                else:
                    _f.pc = -1
                    return None
        return _kwf.Coroutine(_kwf_step, (self,))


class PriorityQueue(Queue):
    """``asyncio.PriorityQueue``: the lowest first."""

    def _init(self, maxsize: int) -> None:
        self._queue = []

    def _put(self, item: Any) -> None:
        heapq.heappush(self._queue, item)

    def _get(self) -> Any:
        return heapq.heappop(self._queue)


class LifoQueue(Queue):
    """``asyncio.LifoQueue``: the last first."""

    def _init(self, maxsize: int) -> None:
        self._queue = []

    def _put(self, item: Any) -> None:
        self._queue.append(item)

    def _get(self) -> Any:
        return self._queue.pop()
_kwf.module(__name__, {'Queue.put': ('coroutine', (('await putter#0', 95, ('item', 'putter', 'self')),), ('self', 'item')), 'Queue.get': ('coroutine', (('await getter#0', 125, ('getter', 'self')),), ('self',)), 'Queue.join': ('coroutine', (('await self._finished.wait()#0', 163, ()),), ('self',))}, ('.locks:Event', 'builtins:BaseException', 'builtins:ValueError', 'builtins:bool', 'builtins:getattr', 'builtins:id', 'builtins:int', 'builtins:len', 'builtins:list', 'builtins:property', 'builtins:str', 'builtins:type', 'collections:', 'collections:deque', 'heapq:', 'heapq:heappop', 'heapq:heappush', 'kwf_runtime.lib.base:QueueEmpty', 'kwf_runtime.lib.base:QueueFull', 'kwf_runtime.lib.base:running_loop', 'types:GenericAlias', 'typing:Any'))
