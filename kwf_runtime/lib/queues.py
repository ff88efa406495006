"""Queues that a suspended workflow can hold, wait for, and subclass.

A port of CPython 3.11's Lib/asyncio/queues.py, compiled by kwf itself, so that a task waiting in
``get`` or ``put`` can be saved.

Limits: no ``shutdown`` (3.13).
"""

from __future__ import annotations

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

    async def put(self, item: Any) -> None:
        """Wait for a free place, and put ``item`` there."""
        while self.full():
            putter = running_loop().create_future()
            self._putters.append(putter)
            try:
                await putter
            except BaseException:
                putter.cancel()  # it may not be done yet
                if putter in self._putters:
                    self._putters.remove(putter)
                if not self.full() and not putter.cancelled():
                    # It was woken, but will not put: let the next one do it.
                    self._wakeup_next(self._putters)
                raise
        self.put_nowait(item)

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

    async def get(self) -> Any:
        """Wait for an item, remove and return it."""
        while self.empty():
            getter = running_loop().create_future()
            self._getters.append(getter)
            try:
                await getter
            except BaseException:
                getter.cancel()  # it may not be done yet
                if getter in self._getters:
                    self._getters.remove(getter)
                if not self.empty() and not getter.cancelled():
                    # It was woken, but will not take: let the next one do it.
                    self._wakeup_next(self._getters)
                raise
        return self.get_nowait()

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

    async def join(self) -> None:
        """Wait until ``task_done`` was called for each item."""
        if self._unfinished_tasks > 0:
            await self._finished.wait()


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
