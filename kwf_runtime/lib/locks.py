"""Locks, events, conditions, semaphores and barriers that a suspended workflow can hold.

A port of CPython 3.11's Lib/asyncio/locks.py, compiled by kwf itself, so that a task waiting in
``acquire`` can be saved. They work on any loop: the classes are also what a workflow subclasses.

Limits: an object is not bound to its first loop, as CPython's is.
"""

from __future__ import annotations

import collections
import enum
from collections.abc import Callable
from typing import Any

from kwf_runtime.lib.base import BrokenBarrierError, CancelledError, running_loop


class _Lockable:
    """``async with`` for what has ``acquire`` and ``release``."""

    def acquire(self) -> Any:
        raise NotImplementedError

    def release(self) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(self, *_exc_info: object) -> None:
        self.release()


class Lock(_Lockable):
    """``asyncio.Lock``: at most one holder; waiters take it in the order they came."""

    def __init__(self) -> None:
        self._waiters: collections.deque[Any] = collections.deque()
        self._locked = False

    def __repr__(self) -> str:
        return _describe(self, "locked" if self._locked else "unlocked", len(self._waiters))

    def locked(self) -> bool:
        """Whether somebody holds it."""
        return self._locked

    async def acquire(self) -> bool:
        """Wait until it is free, and take it."""
        if not self._locked and all(waiter.cancelled() for waiter in self._waiters):
            self._locked = True
            return True
        future = running_loop().create_future()
        self._waiters.append(future)
        try:
            # The waiter leaves before a cancellation is handled, or it would wake itself.
            try:
                await future
            finally:
                self._waiters.remove(future)
        except CancelledError:
            if not self._locked:
                self._wake_up_first()
            raise
        self._locked = True
        return True

    def release(self) -> None:
        """Give it up, and wake the first waiter.

        Raises:
            RuntimeError: nobody holds it.
        """
        if not self._locked:
            raise RuntimeError("Lock is not acquired.")
        self._locked = False
        self._wake_up_first()

    def _wake_up_first(self) -> None:
        # A first waiter that is done will run: it takes the lock, or wakes the next.
        if self._waiters and not self._waiters[0].done():
            self._waiters[0].set_result(True)


class Event:
    """``asyncio.Event``: a flag that tasks wait for."""

    def __init__(self) -> None:
        self._waiters: collections.deque[Any] = collections.deque()
        self._value = False

    def __repr__(self) -> str:
        return _describe(self, "set" if self._value else "unset", len(self._waiters))

    def is_set(self) -> bool:
        """Whether the flag is up."""
        return self._value

    def set(self) -> None:
        """Raise the flag, and wake all that wait for it."""
        if not self._value:
            self._value = True
            for future in self._waiters:
                if not future.done():
                    future.set_result(True)

    def clear(self) -> None:
        """Lower the flag."""
        self._value = False

    async def wait(self) -> bool:
        """Wait until the flag is up."""
        if self._value:
            return True
        future = running_loop().create_future()
        self._waiters.append(future)
        try:
            await future
            return True
        finally:
            self._waiters.remove(future)


class Condition(_Lockable):
    """``asyncio.Condition``: wait, while not holding the lock, until another task notifies."""

    def __init__(self, lock: Any = None) -> None:
        self._lock = Lock() if lock is None else lock
        self._waiters: collections.deque[Any] = collections.deque()

    def __repr__(self) -> str:
        return _describe(self, "locked" if self.locked() else "unlocked", len(self._waiters))

    def locked(self) -> bool:
        """Whether somebody holds the lock."""
        return bool(self._lock.locked())

    def acquire(self) -> Any:
        """Acquire the lock: to be awaited."""
        return self._lock.acquire()

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()

    async def wait(self) -> bool:
        """Release the lock, wait for a notification, and take the lock again.

        Raises:
            RuntimeError: the lock is not held.
        """
        if not self.locked():
            raise RuntimeError("cannot wait on un-acquired lock")
        self.release()
        try:
            future = running_loop().create_future()
            self._waiters.append(future)
            try:
                await future
                return True
            finally:
                self._waiters.remove(future)
        finally:
            # The lock is taken again even by one that is cancelled.
            cancelled = False
            while True:
                try:
                    await self.acquire()
                    break
                except CancelledError:
                    cancelled = True
            if cancelled:
                raise CancelledError

    async def wait_for(self, predicate: Callable[[], Any]) -> Any:
        """Wait until ``predicate()`` is true, and return what it returned."""
        result = predicate()
        while not result:
            await self.wait()
            result = predicate()
        return result

    def notify(self, n: int = 1) -> None:
        """Wake at most ``n`` waiters.

        Raises:
            RuntimeError: the lock is not held.
        """
        if not self.locked():
            raise RuntimeError("cannot notify on un-acquired lock")
        woken = 0
        for future in self._waiters:
            if woken >= n:
                break
            if not future.done():
                woken += 1
                future.set_result(False)

    def notify_all(self) -> None:
        """Wake all waiters."""
        self.notify(len(self._waiters))


class Semaphore(_Lockable):
    """``asyncio.Semaphore``: at most ``value`` holders."""

    def __init__(self, value: int = 1) -> None:
        if value < 0:
            raise ValueError("Semaphore initial value must be >= 0")
        self._waiters: collections.deque[Any] = collections.deque()
        self._value = value

    def __repr__(self) -> str:
        state = "locked" if self.locked() else f"unlocked, value:{self._value}"
        return _describe(self, state, len(self._waiters))

    def locked(self) -> bool:
        """Whether ``acquire`` would have to wait."""
        return self._value == 0 or any(not waiter.cancelled() for waiter in self._waiters)

    async def acquire(self) -> bool:
        """Wait until there are fewer holders than ``value``, and become one."""
        if not self.locked():
            self._value -= 1
            return True
        future = running_loop().create_future()
        self._waiters.append(future)
        try:
            # The waiter leaves before a cancellation is handled, or it would wake itself.
            try:
                await future
            finally:
                self._waiters.remove(future)
        except CancelledError:
            if not future.cancelled():
                self._value += 1
                self._wake_up_next()
            raise
        if self._value > 0:
            self._wake_up_next()
        return True

    def release(self) -> None:
        """Stop being a holder, and wake the next waiter."""
        self._value += 1
        self._wake_up_next()

    def _wake_up_next(self) -> None:
        for future in self._waiters:
            if not future.done():
                self._value -= 1
                future.set_result(True)
                return


class BoundedSemaphore(Semaphore):
    """``asyncio.BoundedSemaphore``: a semaphore that cannot be released more than acquired."""

    def __init__(self, value: int = 1) -> None:
        self._bound_value = value
        super().__init__(value)

    def release(self) -> None:
        """Stop being a holder.

        Raises:
            ValueError: there was none.
        """
        if self._value >= self._bound_value:
            raise ValueError("BoundedSemaphore released too many times")
        super().release()


class _BarrierState(enum.Enum):
    FILLING = "filling"
    DRAINING = "draining"
    RESETTING = "resetting"
    BROKEN = "broken"


class Barrier:
    """``asyncio.Barrier``: tasks wait until ``parties`` of them have come."""

    def __init__(self, parties: int) -> None:
        if parties < 1:
            raise ValueError("parties must be > 0")
        self._cond = Condition()
        self._parties = parties
        self._state = _BarrierState.FILLING
        self._count = 0

    def __repr__(self) -> str:
        extra = "" if self.broken else f", waiters:{self.n_waiting}/{self.parties}"
        return f"<{object.__repr__(self)[1:-1]} [{self._state.value}{extra}]>"

    async def __aenter__(self) -> int:
        return await self.wait()

    async def __aexit__(self, *_exc_info: object) -> None:
        return None

    async def wait(self) -> int:
        """Wait for the others; return the place, from 0, in the order of coming."""
        async with self._cond:
            await self._block()
            try:
                index = self._count
                self._count += 1
                if index + 1 == self._parties:
                    self._state = _BarrierState.DRAINING
                    self._cond.notify_all()
                else:
                    await self._wait()
                return index
            finally:
                self._count -= 1
                self._exit()

    def _is_open(self) -> bool:
        return self._state not in (_BarrierState.DRAINING, _BarrierState.RESETTING)

    def _is_filled(self) -> bool:
        return self._state is not _BarrierState.FILLING

    async def _block(self) -> None:
        await self._cond.wait_for(self._is_open)
        if self._state is _BarrierState.BROKEN:
            raise BrokenBarrierError("Barrier aborted")

    async def _wait(self) -> None:
        await self._cond.wait_for(self._is_filled)
        if self._state in (_BarrierState.BROKEN, _BarrierState.RESETTING):
            raise BrokenBarrierError("Abort or reset of barrier")

    def _exit(self) -> None:
        if self._count == 0:
            if self._state in (_BarrierState.RESETTING, _BarrierState.DRAINING):
                self._state = _BarrierState.FILLING
            self._cond.notify_all()

    async def reset(self) -> None:
        """Start anew; those that wait get BrokenBarrierError."""
        async with self._cond:
            if self._count == 0:
                self._state = _BarrierState.FILLING
            elif self._state is not _BarrierState.RESETTING:
                self._state = _BarrierState.RESETTING
            self._cond.notify_all()

    async def abort(self) -> None:
        """Break it: all that wait or come later get BrokenBarrierError."""
        async with self._cond:
            self._state = _BarrierState.BROKEN
            self._cond.notify_all()

    @property
    def parties(self) -> int:
        """How many tasks it takes."""
        return self._parties

    @property
    def n_waiting(self) -> int:
        """How many tasks wait now."""
        return self._count if self._state is _BarrierState.FILLING else 0

    @property
    def broken(self) -> bool:
        """Whether it was aborted."""
        return self._state is _BarrierState.BROKEN


def _describe(of: object, state: str, waiters: int) -> str:
    extra = f"{state}, waiters:{waiters}" if waiters else state
    return f"<{object.__repr__(of)[1:-1]} [{extra}]>"
