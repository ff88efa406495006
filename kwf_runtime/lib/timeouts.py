"""``asyncio.timeout`` for blocks of code that may be suspended for months.

A port of CPython 3.11's Lib/asyncio/timeouts.py, compiled by kwf itself.

Limits: none beyond CPython's.
"""

from __future__ import annotations

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

    async def __aenter__(self) -> Timeout:
        if self._state is not _State.CREATED:
            raise RuntimeError("Timeout has already been entered")
        task = current_task()
        if task is None:
            raise RuntimeError("Timeout should be used inside a task")
        self._state = _State.ENTERED
        self._task = task
        self._cancelling = task.cancelling()
        self.reschedule(self._when)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, _traceback: object
    ) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._state is _State.EXPIRING:
            self._state = _State.EXPIRED
            # Otherwise somebody else has asked to cancel as well: that one wins.
            if self._task.uncancel() <= self._cancelling and exc_type is CancelledError:
                raise TimeoutError from exc
        elif self._state is _State.ENTERED:
            self._state = _State.EXITED

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
