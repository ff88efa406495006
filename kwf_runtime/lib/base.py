"""What the durable library stands on: the loop, task and exceptions of whoever calls.

Inside a workflow thread these are the thread's; elsewhere those of the running asyncio loop, so
the library's classes work in both. Cancelling with ``W.CancelToken`` is here too: a durable future
knows the kind of its cancellation; for asyncio's see `kwf_runtime.lib.native`.

Limits: not compiled, so nothing here is suspended.
"""

from __future__ import annotations

import asyncio
import inspect
from asyncio.exceptions import BrokenBarrierError, CancelledError, InvalidStateError
from asyncio.queues import QueueEmpty, QueueFull
from collections.abc import Generator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Final

from kwf_runtime.core.current import current
from kwf_runtime.core.futures import Future
from kwf_runtime.core.loop import Handle, TimerHandle
from kwf_runtime.core.savable import singleton
from kwf_runtime.core.tasks import Task, cancel_future
from kwf_runtime.core.tasks import iscoroutine as is_coroutine
from kwf_runtime.core.traps import Trap
from kwf_runtime.errors import CancelToken
from kwf_runtime.lib import native

__all__ = [
    "PASS",
    "AbstractAsyncContextManager",
    "AbstractContextManager",
    "BrokenBarrierError",
    "CancelToken",
    "CancelledError",
    "Future",
    "InvalidStateError",
    "QueueEmpty",
    "QueueFull",
    "Trap",
    "cancel_future",
    "cancel_like",
    "cancel_with_token",
    "current_task",
    "is_awaitable",
    "is_coroutine",
    "is_future",
    "running_loop",
]

is_future = asyncio.isfuture


def running_loop() -> Any:
    """The loop of the current workflow thread, or else the running asyncio loop."""
    thread = current()
    return asyncio.get_running_loop() if thread is None else thread.loop


# Methods of the core's classes that workflow code hands to call_later, add_done_callback, partial.
for _owner, _method in (
    (Future, "set_result"),
    (Future, "set_exception"),
    (Future, "cancel"),
    (Task, "cancel"),
    (Task, "uncancel"),
    (Handle, "cancel"),
    (TimerHandle, "cancel"),
):
    singleton(f"kwf.{_owner.__name__}.{_method}", vars(_owner)[_method])


def is_awaitable(obj: object) -> bool:
    """Whether workflow code can await it."""
    return isinstance(obj, Trap) or is_coroutine(obj) or inspect.isawaitable(obj)


def current_task() -> Any:
    """The task that runs now, or None."""
    thread = current()
    return asyncio.current_task() if thread is None else thread.loop.current_task


class _Pass:
    """Awaited, it lets the other ready tasks run; nothing rests there, so nothing is saved."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        yield


PASS: Final = _Pass()


def cancel_with_token(future: Any) -> bool:
    """Cancel a future or task with ``W.CancelToken``; return whether it was still running."""
    if isinstance(future, Future):
        return cancel_future(future, None, CancelToken)
    return bool(future.cancel(native.TOKEN))


def cancel_like(future: Any, cause: BaseException) -> bool:
    """Cancel a future or task in the way of ``cause``: with a token, or as asyncio does.

    Returns:
        Whether it was still running.
    """
    if isinstance(cause, CancelToken):
        return cancel_with_token(future)
    return bool(future.cancel(*cause.args[:1]))
