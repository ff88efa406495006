"""Suspensions: what waits for a record that settles its id.

Each await has a waiter of its own, so cancelling one awaiter leaves the suspension to the others.

Limits: a suspension whose id kwf has made up, and that nobody refers to any more, is gone: no
answer to it can matter. One whose id the workflow has chosen lives until it is settled.
"""

from __future__ import annotations

import json
from asyncio.exceptions import CancelledError
from typing import TYPE_CHECKING, Any, Final

from kwf_runtime.core.events import NO_ERROR
from kwf_runtime.core.futures import Future
from kwf_runtime.core.savable import savable
from kwf_runtime.core.traps import Trap
from kwf_runtime.errors import WorkflowError

if TYPE_CHECKING:
    from kwf_runtime.core.thread import WorkflowThread

_PENDING: Final = 0
_RESUMED: Final = 1
_REJECTED: Final = 2
_CANCELLED: Final = 3
_STATE_NAMES: Final = ("pending", "resumed", "rejected", "cancelled")


@savable("kwf.Waiter")
class Waiter(Future[Any]):
    """One await of a suspension."""

    __slots__ = ("suspension",)

    def __init__(self, suspension: Suspension) -> None:
        super().__init__(loop=suspension.thread.loop)
        self.suspension = suspension

    def _save_more(self) -> tuple[Any, ...]:
        return (self.suspension,)

    def _load_more(self, more: list[Any]) -> None:
        (self.suspension,) = more

    def cancel(self, msg: Any = None, *, kind: type[CancelledError] = CancelledError) -> bool:
        """Wait no longer; the other awaiters go on."""
        if not super().cancel(msg, kind=kind):
            return False
        self.suspension.abandon(self)
        return True


@savable("kwf.Suspension")
class Suspension(Trap):
    """An awaitable that ends when a record settles its id.

    Attributes:
        id: the ``ref`` of the record that settles it.
        thread: the workflow thread that waits.
        chosen: whether the workflow has chosen the id.
        waiters: the awaits that have not ended.
    """

    __slots__ = ("__weakref__", "_payload", "_state", "chosen", "id", "thread", "waiters")

    def __init__(self, thread: WorkflowThread, ref: str, chosen: bool) -> None:
        self.thread = thread
        self.id = ref
        self.chosen = chosen
        self.waiters: list[Waiter] = []
        self._state = _PENDING
        self._payload: Any = None

    def __repr__(self) -> str:
        return f"<Suspension {self.id!r} {_STATE_NAMES[self._state]}>"

    @property
    def key(self) -> str:
        """The key of a timer that resumes it: ``<thread id>|{"ref":"<id>"}``."""
        body = json.dumps({"ref": self.id}, ensure_ascii=False, separators=(",", ":"))
        return f"{self.thread.thread_id}|{body}"

    def done(self) -> bool:
        """Return whether it was settled or cancelled."""
        return self._state != _PENDING

    def settle(self, value: object, error: object = NO_ERROR) -> None:
        """End it with a value, or with an error that each await raises as a WorkflowError."""
        assert self._state == _PENDING
        failed = error is not NO_ERROR
        self._state = _REJECTED if failed else _RESUMED
        self._payload = error if failed else value
        for waiter in self._detach():
            self._transfer(waiter)

    def cancel(self, msg: Any = None, *, kind: type[CancelledError] = CancelledError) -> bool:
        """Cancel it for all who await it; a record that comes later is unmatched.

        Returns:
            Whether it was cancelled: False if it had ended.
        """
        if self._state != _PENDING:
            return False
        self._state = _CANCELLED
        self._payload = (kind, msg)
        for waiter in self._detach():
            self._transfer(waiter)
        return True

    def abandon(self, waiter: Waiter) -> None:
        """Forget a waiter that was cancelled."""
        if waiter in self.waiters:
            self.waiters.remove(waiter)
            if self._state == _PENDING:
                self.thread.release(self)

    def __kwf_await__(self) -> Future[Any]:
        """Return a new waiter; it is done if the suspension is."""
        waiter = Waiter(self)
        if self._state == _PENDING:
            self.waiters.append(waiter)
            self.thread.hold(self)
        else:
            self._transfer(waiter)
        return waiter

    def __kwf_save__(self) -> tuple[Any, ...]:
        """Return what is saved."""
        return (
            self.thread,
            self.id,
            self.chosen,
            self.waiters,
            self._state,
            self._payload,
        )

    def __kwf_load__(self, state: tuple[Any, ...]) -> None:
        """Take what was saved, and make itself known to the thread."""
        self.thread, self.id, self.chosen, self.waiters, self._state, self._payload = state
        if self._state == _PENDING and not self.chosen:
            self.thread.remember(self)

    def _detach(self) -> list[Waiter]:
        self.thread.forget(self)
        waiters, self.waiters = self.waiters, []
        return waiters

    def _transfer(self, waiter: Waiter) -> None:
        """End an await as the suspension has ended."""
        if self._state == _RESUMED:
            waiter.set_result(self._payload)
        elif self._state == _REJECTED:
            waiter.set_exception(WorkflowError(self._payload))
        else:
            kind, msg = self._payload
            waiter.cancel(msg, kind=kind)
