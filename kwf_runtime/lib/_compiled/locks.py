# kwf: compiled
# Generated from kwf_runtime/lib/locks.py by tools/build_lib.py: not for editing.
# fmt: off
# ruff: noqa
# mypy: ignore-errors
# kwf: compiled from kwf_runtime/lib/locks.py; do not edit
"""Locks, events, conditions, semaphores and barriers that a suspended workflow can hold.

A port of CPython 3.11's Lib/asyncio/locks.py, compiled by kwf itself, so that a task waiting in
``acquire`` can be saved. They work on any loop: the classes are also what a workflow subclasses.

Limits: an object is not bound to its first loop, as CPython's is.
"""

from __future__ import annotations
import kwf_runtime.abi as _kwf

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

    @_kwf.coroutine
    def __aenter__(self) -> None:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            if _pc == 0:
                self, = _f.slots
                _f.slots = ()
                _r = self.acquire()
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
    def __aexit__(self, *_exc_info: object) -> None:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            self, _exc_info = _f.slots
            _f.slots = ()
            self.release()
            _f.pc = -1
            return None
        return _kwf.Coroutine(_kwf_step, (self, _exc_info))


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

    @_kwf.coroutine
    def acquire(self) -> bool:
        """Wait until it is free, and take it."""

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            while True:
                try:
                    if _pc < 5:
                        if _pc == 0:
                            self, = _f.slots
                            _f.slots = ()
                            if not self._locked and all((waiter.cancelled() for waiter in self._waiters)):
                                self._locked = True
                                _f.pc = -1
                                return True
                            future = running_loop().create_future()
                            self._waiters.append(future)
                            pass
                            _pc = 2
                            continue
                        elif _pc == 1:
                            future, self = _f.slots
                            _f.slots = ()
                            if _x:
                                _f.through()
                                _x = False
                                _pc = 12
                                continue
                            _done1 = 0
                            _pc = 4
                            continue
                        elif _pc == 2:
                            pass
                            _pc = 3
                            continue
                        elif _pc == 3:
                            _r = future
                            _f.pc = 1
                            _f.slots = (future, self)
                            return _r
                        else:
                            self._waiters.remove(future)
                            if _done1 == 1:
                                _f.rethrow()
                                _pc = 7
                                continue
                            _pc = 11
                            continue
                    elif _pc == 5:
                        _done1, future, self = _f.slots
                        _f.slots = ()
                        _pc = 4
                        continue
                    elif _pc == 7:
                        _f.catch(0)
                        _f.pc = 8
                        _f.slots = (self,)
                        return _kwf.SWITCH
                    elif _pc == 8:
                        self, = _f.slots
                        _f.slots = ()
                        if _f.catches(CancelledError):
                            if not self._locked:
                                self._wake_up_first()
                            raise
                        return _f.reraise()
                    elif _pc == 11:
                        self._locked = True
                        _f.pc = -1
                        return True
                    else:
                        _f.catch(0)
                        _done1 = 1
                        _f.pc = 5
                        _f.slots = (_done1, future, self)
                        return _kwf.SWITCH
                except _kwf.BaseException as _c:
                    _pc = (-1, 12, 7, 12, 7, -1, 7, -1, -1, -1, -1, -1, 7)[_pc]
                    if _pc < 0:
                        raise
                    _f.thrown = _c
        return _kwf.Coroutine(_kwf_step, (self,))

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

    @_kwf.coroutine
    def wait(self) -> bool:
        """Wait until the flag is up."""

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            while True:
                try:
                    if _pc == 0:
                        self, = _f.slots
                        _f.slots = ()
                        if self._value:
                            _f.pc = -1
                            return True
                        future = running_loop().create_future()
                        self._waiters.append(future)
                        pass
                        _pc = 2
                        continue
                    elif _pc == 1:
                        _result1, future, self = _f.slots
                        _f.slots = ()
                        if _result1 is _kwf.UNBOUND:
                            del _result1
                        if _x:
                            _f.through()
                            _x = False
                            _pc = 9
                            continue
                        _result1 = True
                        _done1 = 2
                        _pc = 3
                        continue
                    elif _pc == 2:
                        _r = future
                        _f.pc = 1
                        _f.slots = (_kwf.locals().get('_result1', _kwf.UNBOUND), future, self)
                        return _r
                    elif _pc == 3:
                        self._waiters.remove(future)
                        if _done1 == 1:
                            return _f.reraise()
                        if _done1 == 2:
                            _f.pc = -1
                            return _result1
                        _f.pc = -1
                        return None
                    elif _pc == 4:
                        _done1, _result1, future, self = _f.slots
                        _f.slots = ()
                        if _result1 is _kwf.UNBOUND:
                            del _result1
                        _pc = 3
                        continue
                    else:
                        _f.catch(0)
                        _done1 = 1
                        _f.pc = 4
                        _f.slots = (_done1, _kwf.locals().get('_result1', _kwf.UNBOUND), future, self)
                        return _kwf.SWITCH
                except _kwf.BaseException as _c:
                    _pc = (-1, 9, 9, -1, -1, -1, -1, -1, -1, -1)[_pc]
                    if _pc < 0:
                        raise
                    _f.thrown = _c
        return _kwf.Coroutine(_kwf_step, (self,))


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

    @_kwf.coroutine
    def wait(self) -> bool:
        """Release the lock, wait for a notification, and take the lock again.

        Raises:
            RuntimeError: the lock is not held.
        """

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            while True:
                try:
                    if _pc < 9:
                        if _pc < 4:
                            if _pc == 0:
                                self, = _f.slots
                                _f.slots = ()
                                if not self.locked():
                                    raise RuntimeError('cannot wait on un-acquired lock')
                                self.release()
                                pass
                                _pc = 3
                                continue
                            elif _pc == 1:
                                _result1, future, self = _f.slots
                                _f.slots = ()
                                if _result1 is _kwf.UNBOUND:
                                    del _result1
                                if _x:
                                    _f.through()
                                    _x = False
                                    _pc = 26
                                    continue
                                _result1 = True
                                _done2 = 2
                                _pc = 5
                                continue
                            elif _pc == 2:
                                _done1, _result1, cancelled, self = _f.slots
                                _f.slots = ()
                                if _result1 is _kwf.UNBOUND:
                                    del _result1
                                if _x:
                                    _f.through()
                                    _x = False
                                    _pc = 19
                                    continue
                                pass
                                _pc = 14
                                continue
                            else:
                                future = running_loop().create_future()
                                self._waiters.append(future)
                                pass
                                _pc = 4
                                continue
                        elif _pc == 4:
                            _r = future
                            _f.pc = 1
                            _f.slots = (_kwf.locals().get('_result1', _kwf.UNBOUND), future, self)
                            return _r
                        elif _pc == 5:
                            self._waiters.remove(future)
                            if _done2 == 1:
                                _f.rethrow()
                                _pc = 8
                                continue
                            if _done2 == 2:
                                _done1 = 2
                                _pc = 9
                                continue
                            _done1 = 0
                            _pc = 9
                            continue
                        elif _pc == 6:
                            _done2, _result1, future, self = _f.slots
                            _f.slots = ()
                            if _result1 is _kwf.UNBOUND:
                                del _result1
                            _pc = 5
                            continue
                        else:
                            _f.catch(0)
                            _done1 = 1
                            _f.pc = 10
                            _f.slots = (_done1, _kwf.locals().get('_result1', _kwf.UNBOUND), self)
                            return _kwf.SWITCH
                    elif _pc < 13:
                        if _pc == 9:
                            cancelled = False
                            pass
                            _pc = 11
                            continue
                        elif _pc == 10:
                            _done1, _result1, self = _f.slots
                            _f.slots = ()
                            if _result1 is _kwf.UNBOUND:
                                del _result1
                            _pc = 9
                            continue
                        elif _pc == 11:
                            pass
                            _pc = 13
                            continue
                        else:
                            _done1, _result1, cancelled, self = _f.slots
                            _f.slots = ()
                            if _result1 is _kwf.UNBOUND:
                                del _result1
                            _pc = 11
                            continue
                    elif _pc == 13:
                        _r = self.acquire()
                        _f.pc = 2
                        _f.slots = (_done1, _kwf.locals().get('_result1', _kwf.UNBOUND), cancelled, self)
                        return _r
                    elif _pc == 14:
                        if cancelled:
                            raise CancelledError
                        if _done1 == 1:
                            return _f.reraise()
                        if _done1 == 2:
                            _f.pc = -1
                            return _result1
                        _f.pc = -1
                        return None
                    elif _pc == 19:
                        _f.catch(_done1 == 1)
                        _f.pc = 20
                        _f.slots = (_done1, _kwf.locals().get('_result1', _kwf.UNBOUND), self)
                        return _kwf.SWITCH
                    elif _pc == 20:
                        _done1, _result1, self = _f.slots
                        _f.slots = ()
                        if _result1 is _kwf.UNBOUND:
                            del _result1
                        if _f.catches(CancelledError):
                            cancelled = True
                            _f.leave(_done1 == 1)
                            _f.pc = 12
                            _f.slots = (_done1, _kwf.locals().get('_result1', _kwf.UNBOUND), cancelled, self)
                            return _kwf.SWITCH
                        return _f.reraise()
                    else:
                        _f.catch(0)
                        _done2 = 1
                        _f.pc = 6
                        _f.slots = (_done2, _kwf.locals().get('_result1', _kwf.UNBOUND), future, self)
                        return _kwf.SWITCH
                except _kwf.BaseException as _c:
                    _pc = (-1, 26, 19, 8, 26, 8, -1, 8, -1, -1, -1, -1, -1, 19, -1, -1, -1, -1, -1, -1, -1, -1, -1, 8, 8, 8, 8)[_pc]
                    if _pc < 0:
                        raise
                    _f.thrown = _c
        return _kwf.Coroutine(_kwf_step, (self,))

    @_kwf.coroutine
    def wait_for(self, predicate: Callable[[], Any]) -> Any:
        """Wait until ``predicate()`` is true, and return what it returned."""

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            while True:
                if _pc == 0:
                    self, predicate = _f.slots
                    _f.slots = ()
                    result = predicate()
                    _pc = 2
                    continue
                elif _pc == 1:
                    predicate, self = _f.slots
                    _f.slots = ()
                    if _x:
                        return _f.fail()
                    result = predicate()
                    _pc = 2
                    continue
                else:
                    if not result:
                        _r = self.wait()
                        _f.pc = 1
                        _f.slots = (predicate, self)
                        return _r
                    _f.pc = -1
                    return result
        return _kwf.Coroutine(_kwf_step, (self, predicate))

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

    @_kwf.coroutine
    def acquire(self) -> bool:
        """Wait until there are fewer holders than ``value``, and become one."""

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            while True:
                try:
                    if _pc < 5:
                        if _pc == 0:
                            self, = _f.slots
                            _f.slots = ()
                            if not self.locked():
                                self._value -= 1
                                _f.pc = -1
                                return True
                            future = running_loop().create_future()
                            self._waiters.append(future)
                            pass
                            _pc = 2
                            continue
                        elif _pc == 1:
                            future, self = _f.slots
                            _f.slots = ()
                            if _x:
                                _f.through()
                                _x = False
                                _pc = 12
                                continue
                            _done1 = 0
                            _pc = 4
                            continue
                        elif _pc == 2:
                            pass
                            _pc = 3
                            continue
                        elif _pc == 3:
                            _r = future
                            _f.pc = 1
                            _f.slots = (future, self)
                            return _r
                        else:
                            self._waiters.remove(future)
                            if _done1 == 1:
                                _f.rethrow()
                                _pc = 7
                                continue
                            _pc = 11
                            continue
                    elif _pc == 5:
                        _done1, future, self = _f.slots
                        _f.slots = ()
                        _pc = 4
                        continue
                    elif _pc == 7:
                        _f.catch(0)
                        _f.pc = 8
                        _f.slots = (future, self)
                        return _kwf.SWITCH
                    elif _pc == 8:
                        future, self = _f.slots
                        _f.slots = ()
                        if _f.catches(CancelledError):
                            if not future.cancelled():
                                self._value += 1
                                self._wake_up_next()
                            raise
                        return _f.reraise()
                    elif _pc == 11:
                        if self._value > 0:
                            self._wake_up_next()
                        _f.pc = -1
                        return True
                    else:
                        _f.catch(0)
                        _done1 = 1
                        _f.pc = 5
                        _f.slots = (_done1, future, self)
                        return _kwf.SWITCH
                except _kwf.BaseException as _c:
                    _pc = (-1, 12, 7, 12, 7, -1, 7, -1, -1, -1, -1, -1, 7)[_pc]
                    if _pc < 0:
                        raise
                    _f.thrown = _c
        return _kwf.Coroutine(_kwf_step, (self,))

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

    @_kwf.coroutine
    def __aenter__(self) -> int:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            if _pc == 0:
                self, = _f.slots
                _f.slots = ()
                _r = self.wait()
                _f.pc = 1
                _f.slots = ()
                return _r
            else:
                if _x:
                    return _f.fail()
                _t1 = _v
                _f.pc = -1
                return _t1
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

    @_kwf.coroutine
    def wait(self) -> int:
        """Wait for the others; return the place, from 0, in the order of coming."""

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            while True:
                try:
                    if _pc < 11:
                        if _pc < 5:
                            if _pc == 0:
                                self, = _f.slots
                                _f.slots = ()
                                _exit1, _enter1 = _kwf.enter_async_with(self._cond)
                                _r = _enter1
                                _f.pc = 1
                                _f.slots = (_exit1, _kwf.locals().get('_result1', _kwf.UNBOUND), self)
                                return _r
                            elif _pc == 1:
                                _exit1, _result1, self = _f.slots
                                _f.slots = ()
                                if _result1 is _kwf.UNBOUND:
                                    del _result1
                                if _x:
                                    return _f.fail()
                                _value1 = _v
                                _normal1 = True
                                _pc = 6
                                continue
                            elif _pc == 2:
                                _exit1, _normal1, _result1 = _f.slots
                                _f.slots = ()
                                if _result1 is _kwf.UNBOUND:
                                    del _result1
                                if _x:
                                    _f.through()
                                    _x = False
                                    _pc = 26
                                    continue
                                _t1 = _v
                                if not _t1:
                                    raise
                                _f.leave(0)
                                _f.pc = 17
                                _f.slots = (_exit1, _normal1, _kwf.locals().get('_result1', _kwf.UNBOUND))
                                return _kwf.SWITCH
                            elif _pc == 3:
                                _done1, _result1 = _f.slots
                                _f.slots = ()
                                if _result1 is _kwf.UNBOUND:
                                    del _result1
                                if _x:
                                    return _f.fail()
                                _pc = 21
                                continue
                            else:
                                _exit1, _normal1, _result1, self = _f.slots
                                _f.slots = ()
                                if _result1 is _kwf.UNBOUND:
                                    del _result1
                                if _x:
                                    _f.through()
                                    _x = False
                                    _pc = 14
                                    continue
                                pass
                                _pc = 8
                                continue
                        elif _pc == 5:
                            _exit1, _normal1, _result1, index, self = _f.slots
                            _f.slots = ()
                            if _result1 is _kwf.UNBOUND:
                                del _result1
                            if _x:
                                _f.through()
                                _x = False
                                _pc = 29
                                continue
                            _pc = 10
                            continue
                        elif _pc == 6:
                            pass
                            _pc = 7
                            continue
                        elif _pc == 7:
                            _r = self._block()
                            _f.pc = 4
                            _f.slots = (_exit1, _normal1, _kwf.locals().get('_result1', _kwf.UNBOUND), self)
                            return _r
                        elif _pc == 8:
                            index = self._count
                            self._count += 1
                            if index + 1 == self._parties:
                                self._state = _BarrierState.DRAINING
                                self._cond.notify_all()
                                _pc = 10
                                continue
                            _r = self._wait()
                            _f.pc = 5
                            _f.slots = (_exit1, _normal1, _kwf.locals().get('_result1', _kwf.UNBOUND), index, self)
                            return _r
                        else:
                            _result1 = index
                            _done2 = 2
                            _pc = 11
                            continue
                    elif _pc < 17:
                        if _pc == 11:
                            self._count -= 1
                            self._exit()
                            if _done2 == 1:
                                _f.rethrow()
                                _pc = 14
                                continue
                            if _done2 == 2:
                                _done1 = 2
                                _pc = 18
                                continue
                            _pc = 16
                            continue
                        elif _pc == 12:
                            _done2, _exit1, _normal1, _result1, self = _f.slots
                            _f.slots = ()
                            if _result1 is _kwf.UNBOUND:
                                del _result1
                            _pc = 11
                            continue
                        elif _pc == 14:
                            _f.catch(0)
                            _f.pc = 15
                            _f.slots = (_exit1, _normal1, _kwf.locals().get('_result1', _kwf.UNBOUND))
                            return _kwf.SWITCH
                        elif _pc == 15:
                            _exit1, _normal1, _result1 = _f.slots
                            _f.slots = ()
                            if _result1 is _kwf.UNBOUND:
                                del _result1
                            _normal1 = False
                            _r = _exit1(*_kwf.exc_info())
                            _f.pc = 2
                            _f.slots = (_exit1, _normal1, _kwf.locals().get('_result1', _kwf.UNBOUND))
                            return _r
                        else:
                            _done1 = 0
                            _pc = 18
                            continue
                    elif _pc == 17:
                        _exit1, _normal1, _result1 = _f.slots
                        _f.slots = ()
                        if _result1 is _kwf.UNBOUND:
                            del _result1
                        _pc = 16
                        continue
                    elif _pc == 18:
                        if _normal1:
                            _r = _exit1(None, None, None)
                            _f.pc = 3
                            _f.slots = (_done1, _kwf.locals().get('_result1', _kwf.UNBOUND))
                            return _r
                        _pc = 21
                        continue
                    elif _pc == 19:
                        _done1, _exit1, _normal1, _result1 = _f.slots
                        _f.slots = ()
                        if _result1 is _kwf.UNBOUND:
                            del _result1
                        _pc = 18
                        continue
                    elif _pc == 21:
                        if _done1 == 1:
                            return _f.reraise()
                        if _done1 == 2:
                            _f.pc = -1
                            return _result1
                        _f.pc = -1
                        return None
                    elif _pc == 26:
                        _f.catch(0)
                        _done1 = 1
                        _f.pc = 19
                        _f.slots = (_done1, _exit1, _normal1, _kwf.locals().get('_result1', _kwf.UNBOUND))
                        return _kwf.SWITCH
                    else:
                        _f.catch(0)
                        _done2 = 1
                        _f.pc = 12
                        _f.slots = (_done2, _exit1, _normal1, _kwf.locals().get('_result1', _kwf.UNBOUND), self)
                        return _kwf.SWITCH
                except _kwf.BaseException as _c:
                    _pc = (-1, -1, 26, -1, 14, 29, 26, 14, 29, 29, 29, 14, -1, 14, 26, 26, 26, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 14, 14, 14, 29)[_pc]
                    if _pc < 0:
                        raise
                    _f.thrown = _c
        return _kwf.Coroutine(_kwf_step, (self,))

    def _is_open(self) -> bool:
        return self._state not in (_BarrierState.DRAINING, _BarrierState.RESETTING)

    def _is_filled(self) -> bool:
        return self._state is not _BarrierState.FILLING

    @_kwf.coroutine
    def _block(self) -> None:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            if _pc == 0:
                self, = _f.slots
                _f.slots = ()
                _r = self._cond.wait_for(self._is_open)
                _f.pc = 1
                _f.slots = (self,)
                return _r
            else:
                self, = _f.slots
                _f.slots = ()
                if _x:
                    return _f.fail()
                if self._state is _BarrierState.BROKEN:
                    raise BrokenBarrierError('Barrier aborted')
                _f.pc = -1
                return None
        return _kwf.Coroutine(_kwf_step, (self,))

    @_kwf.coroutine
    def _wait(self) -> None:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            if _pc == 0:
                self, = _f.slots
                _f.slots = ()
                _r = self._cond.wait_for(self._is_filled)
                _f.pc = 1
                _f.slots = (self,)
                return _r
            else:
                self, = _f.slots
                _f.slots = ()
                if _x:
                    return _f.fail()
                if self._state in (_BarrierState.BROKEN, _BarrierState.RESETTING):
                    raise BrokenBarrierError('Abort or reset of barrier')
                _f.pc = -1
                return None
        return _kwf.Coroutine(_kwf_step, (self,))

    def _exit(self) -> None:
        if self._count == 0:
            if self._state in (_BarrierState.RESETTING, _BarrierState.DRAINING):
                self._state = _BarrierState.FILLING
            self._cond.notify_all()

    @_kwf.coroutine
    def reset(self) -> None:
        """Start anew; those that wait get BrokenBarrierError."""

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            while True:
                try:
                    if _pc < 7:
                        if _pc < 3:
                            if _pc == 0:
                                self, = _f.slots
                                _f.slots = ()
                                _exit1, _enter1 = _kwf.enter_async_with(self._cond)
                                _r = _enter1
                                _f.pc = 1
                                _f.slots = (_exit1, self)
                                return _r
                            elif _pc == 1:
                                _exit1, self = _f.slots
                                _f.slots = ()
                                if _x:
                                    return _f.fail()
                                _value1 = _v
                                _normal1 = True
                                _pc = 4
                                continue
                            else:
                                _done1, = _f.slots
                                _f.slots = ()
                                if _x:
                                    return _f.fail()
                                _pc = 11
                                continue
                        elif _pc == 3:
                            _exit1, _normal1 = _f.slots
                            _f.slots = ()
                            if _x:
                                _f.through()
                                _x = False
                                _pc = 14
                                continue
                            _t1 = _v
                            if not _t1:
                                raise
                            _f.leave(0)
                            _f.pc = 7
                            _f.slots = (_exit1, _normal1)
                            return _kwf.SWITCH
                        elif _pc == 4:
                            pass
                            _pc = 5
                            continue
                        elif _pc == 5:
                            if self._count == 0:
                                self._state = _BarrierState.FILLING
                            elif self._state is not _BarrierState.RESETTING:
                                self._state = _BarrierState.RESETTING
                            self._cond.notify_all()
                            _pc = 6
                            continue
                        else:
                            _done1 = 0
                            _pc = 8
                            continue
                    elif _pc < 11:
                        if _pc == 7:
                            _exit1, _normal1 = _f.slots
                            _f.slots = ()
                            _pc = 6
                            continue
                        elif _pc == 8:
                            if _normal1:
                                _r = _exit1(None, None, None)
                                _f.pc = 2
                                _f.slots = (_done1,)
                                return _r
                            _pc = 11
                            continue
                        else:
                            _done1, _exit1, _normal1 = _f.slots
                            _f.slots = ()
                            _pc = 8
                            continue
                    elif _pc == 11:
                        if _done1 == 1:
                            return _f.reraise()
                        _f.pc = -1
                        return None
                    elif _pc == 14:
                        _f.catch(0)
                        _done1 = 1
                        _f.pc = 9
                        _f.slots = (_done1, _exit1, _normal1)
                        return _kwf.SWITCH
                    elif _pc == 15:
                        _f.catch(0)
                        _f.pc = 16
                        _f.slots = (_exit1, _normal1)
                        return _kwf.SWITCH
                    else:
                        _exit1, _normal1 = _f.slots
                        _f.slots = ()
                        _normal1 = False
                        _r = _exit1(*_kwf.exc_info())
                        _f.pc = 3
                        _f.slots = (_exit1, _normal1)
                        return _r
                except _kwf.BaseException as _c:
                    _pc = (-1, -1, -1, 14, 14, 15, 14, -1, -1, -1, -1, -1, -1, -1, -1, 14, 14)[_pc]
                    if _pc < 0:
                        raise
                    _f.thrown = _c
        return _kwf.Coroutine(_kwf_step, (self,))

    @_kwf.coroutine
    def abort(self) -> None:
        """Break it: all that wait or come later get BrokenBarrierError."""

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            while True:
                try:
                    if _pc < 7:
                        if _pc < 3:
                            if _pc == 0:
                                self, = _f.slots
                                _f.slots = ()
                                _exit1, _enter1 = _kwf.enter_async_with(self._cond)
                                _r = _enter1
                                _f.pc = 1
                                _f.slots = (_exit1, self)
                                return _r
                            elif _pc == 1:
                                _exit1, self = _f.slots
                                _f.slots = ()
                                if _x:
                                    return _f.fail()
                                _value1 = _v
                                _normal1 = True
                                _pc = 4
                                continue
                            else:
                                _done1, = _f.slots
                                _f.slots = ()
                                if _x:
                                    return _f.fail()
                                _pc = 11
                                continue
                        elif _pc == 3:
                            _exit1, _normal1 = _f.slots
                            _f.slots = ()
                            if _x:
                                _f.through()
                                _x = False
                                _pc = 14
                                continue
                            _t1 = _v
                            if not _t1:
                                raise
                            _f.leave(0)
                            _f.pc = 7
                            _f.slots = (_exit1, _normal1)
                            return _kwf.SWITCH
                        elif _pc == 4:
                            pass
                            _pc = 5
                            continue
                        elif _pc == 5:
                            self._state = _BarrierState.BROKEN
                            self._cond.notify_all()
                            _pc = 6
                            continue
                        else:
                            _done1 = 0
                            _pc = 8
                            continue
                    elif _pc < 11:
                        if _pc == 7:
                            _exit1, _normal1 = _f.slots
                            _f.slots = ()
                            _pc = 6
                            continue
                        elif _pc == 8:
                            if _normal1:
                                _r = _exit1(None, None, None)
                                _f.pc = 2
                                _f.slots = (_done1,)
                                return _r
                            _pc = 11
                            continue
                        else:
                            _done1, _exit1, _normal1 = _f.slots
                            _f.slots = ()
                            _pc = 8
                            continue
                    elif _pc == 11:
                        if _done1 == 1:
                            return _f.reraise()
                        _f.pc = -1
                        return None
                    elif _pc == 14:
                        _f.catch(0)
                        _done1 = 1
                        _f.pc = 9
                        _f.slots = (_done1, _exit1, _normal1)
                        return _kwf.SWITCH
                    elif _pc == 15:
                        _f.catch(0)
                        _f.pc = 16
                        _f.slots = (_exit1, _normal1)
                        return _kwf.SWITCH
                    else:
                        _exit1, _normal1 = _f.slots
                        _f.slots = ()
                        _normal1 = False
                        _r = _exit1(*_kwf.exc_info())
                        _f.pc = 3
                        _f.slots = (_exit1, _normal1)
                        return _r
                except _kwf.BaseException as _c:
                    _pc = (-1, -1, -1, 14, 14, 15, 14, -1, -1, -1, -1, -1, -1, -1, -1, 14, 14)[_pc]
                    if _pc < 0:
                        raise
                    _f.thrown = _c
        return _kwf.Coroutine(_kwf_step, (self,))

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
_kwf.module(__name__, {'_Lockable.__aenter__': ('coroutine', (('await self.acquire()#0', 29, ()),), ('self',)), '_Lockable.__aexit__': ('coroutine', (), ('self', '_exc_info')), 'Lock.acquire': ('coroutine', (('await future#0', 59, ('future', 'self')),), ('self',)), 'Event.wait': ('coroutine', (('await future#0', 119, ('_result1', 'future', 'self')),), ('self',)), 'Condition.wait': ('coroutine', (('await future#0', 160, ('_result1', 'future', 'self')), ('await self.acquire()#0', 169, ('_done1', '_result1', 'cancelled', 'self'))), ('self',)), 'Condition.wait_for': ('coroutine', (('await self.wait()#0', 180, ('predicate', 'self')),), ('self', 'predicate')), 'Semaphore.acquire': ('coroutine', (('await future#0', 232, ('future', 'self')),), ('self',)), 'Barrier.__aenter__': ('coroutine', (('await self.wait()#0', 298, ()),), ('self',)), 'Barrier.__aexit__': ('coroutine', (), ('self', '_exc_info')), 'Barrier.wait': ('coroutine', (('async with self._cond#0', 305, ('_exit1', '_result1', 'self')), ('async with self._cond: leave by error#0', 305, ('_exit1', '_normal1', '_result1')), ('async with self._cond: leave#0', 305, ('_done1', '_result1')), ('await self._block()#0', 306, ('_exit1', '_normal1', '_result1', 'self')), ('await self._wait()#0', 314, ('_exit1', '_normal1', '_result1', 'index', 'self'))), ('self',)), 'Barrier._block': ('coroutine', (('await self._cond.wait_for(self._is_open)#0', 327, ('self',)),), ('self',)), 'Barrier._wait': ('coroutine', (('await self._cond.wait_for(self._is_filled)#0', 332, ('self',)),), ('self',)), 'Barrier.reset': ('coroutine', (('async with self._cond#0', 344, ('_exit1', 'self')), ('async with self._cond: leave#0', 344, ('_done1',)), ('async with self._cond: leave by error#0', 344, ('_exit1', '_normal1'))), ('self',)), 'Barrier.abort': ('coroutine', (('async with self._cond#0', 353, ('_exit1', 'self')), ('async with self._cond: leave#0', 353, ('_done1',)), ('async with self._cond: leave by error#0', 353, ('_exit1', '_normal1'))), ('self',))}, ('builtins:NotImplementedError', 'builtins:RuntimeError', 'builtins:ValueError', 'builtins:all', 'builtins:any', 'builtins:bool', 'builtins:int', 'builtins:len', 'builtins:object', 'builtins:property', 'builtins:str', 'builtins:super', 'collections.abc:Callable', 'collections:', 'collections:deque', 'enum:', 'enum:Enum', 'kwf_runtime.lib.base:BrokenBarrierError', 'kwf_runtime.lib.base:CancelledError', 'kwf_runtime.lib.base:running_loop', 'typing:Any'))
