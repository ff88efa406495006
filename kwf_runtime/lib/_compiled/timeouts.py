# kwf: compiled
# Generated from kwf_runtime/lib/timeouts.py by tools/build_lib.py: not for editing.
# fmt: off
# ruff: noqa
# mypy: ignore-errors
# kwf: compiled from kwf_runtime/lib/timeouts.py; do not edit
"""``asyncio.timeout`` for blocks of code that may be suspended for months.

A port of CPython 3.11's Lib/asyncio/timeouts.py, compiled by kwf itself.

Limits: none beyond CPython's.
"""

from __future__ import annotations
import kwf_runtime.abi as _kwf

import enum
from typing import Any

from kwf_runtime.lib.base import CancelledError, current_task, running_loop


class _State(enum.Enum):
    CREATED = "created"
    ENTERED = "active"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    EXITED = "finished"


class Timeout:
    """``asyncio.Timeout``: cancels the task that entered it, when it is due."""

    def __init__(self, when: float | None) -> None:
        self._state = _State.CREATED
        self._handle: Any = None
        self._task: Any = None
        self._cancelling = 0
        self._when = when

    def when(self) -> float | None:
        """The deadline, by the loop's clock."""
        return self._when

    def reschedule(self, when: float | None) -> None:
        """Move the deadline.

        Raises:
            RuntimeError: not entered yet, or expired, or over.
        """
        if self._state is _State.CREATED:
            raise RuntimeError("Timeout has not been entered")
        if self._state is not _State.ENTERED:
            raise RuntimeError(f"Cannot change state of {self._state.value} Timeout")
        self._when = when
        if self._handle is not None:
            self._handle.cancel()
        if when is None:
            self._handle = None
            return
        loop = running_loop()
        if when <= loop.time():
            self._handle = loop.call_soon(self._on_timeout)
        else:
            self._handle = loop.call_at(when, self._on_timeout)

    def expired(self) -> bool:
        """Whether the deadline was reached inside the block."""
        return self._state in (_State.EXPIRING, _State.EXPIRED)

    def __repr__(self) -> str:
        info = ""
        if self._state is _State.ENTERED:
            info = f" when={None if self._when is None else round(self._when, 3)}"
        return f"<Timeout [{self._state.value}]{info}>"

    @_kwf.coroutine
    def __aenter__(self) -> Timeout:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            self, = _f.slots
            _f.slots = ()
            if self._state is not _State.CREATED:
                raise RuntimeError('Timeout has already been entered')
            task = current_task()
            if task is None:
                raise RuntimeError('Timeout should be used inside a task')
            self._state = _State.ENTERED
            self._task = task
            self._cancelling = task.cancelling()
            self.reschedule(self._when)
            _f.pc = -1
            return self
        return _kwf.Coroutine(_kwf_step, (self,))

    @_kwf.coroutine
    def __aexit__(self, exc_type: type[BaseException] | None, exc: BaseException | None, _traceback: object) -> None:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            self, exc_type, exc, _traceback = _f.slots
            _f.slots = ()
            if self._handle is not None:
                self._handle.cancel()
                self._handle = None
            if self._state is _State.EXPIRING:
                self._state = _State.EXPIRED
                if self._task.uncancel() <= self._cancelling and exc_type is CancelledError:
                    raise TimeoutError from exc
            elif self._state is _State.ENTERED:
                self._state = _State.EXITED
            _f.pc = -1
            return None
        return _kwf.Coroutine(_kwf_step, (self, exc_type, exc, _traceback))

    def _on_timeout(self) -> None:
        self._task.cancel()
        self._state = _State.EXPIRING
        self._handle = None


def timeout(delay: float | None) -> Timeout:
    """``asyncio.timeout``: a timeout ``delay`` seconds from now."""
    return Timeout(None if delay is None else running_loop().time() + delay)


def timeout_at(when: float | None) -> Timeout:
    """``asyncio.timeout_at``: a timeout at ``when`` by the loop's clock."""
    return Timeout(when)
_kwf.module(__name__, {'Timeout.__aenter__': ('coroutine', (), ('self',)), 'Timeout.__aexit__': ('coroutine', (), ('self', 'exc_type', 'exc', '_traceback'))}, ('builtins:BaseException', 'builtins:RuntimeError', 'builtins:TimeoutError', 'builtins:bool', 'builtins:float', 'builtins:object', 'builtins:round', 'builtins:str', 'builtins:type', 'enum:', 'enum:Enum', 'kwf_runtime.lib.base:CancelledError', 'kwf_runtime.lib.base:current_task', 'kwf_runtime.lib.base:running_loop', 'typing:Any'))
