"""Cancellation with ``W.CancelToken`` under plain asyncio, which knows ``CancelledError`` alone.

A task of asyncio passes the message of ``cancel(msg)`` on to what it waits for. ``TOKEN`` is such
a message, and what is of ours turns it into a ``CancelToken``: coroutines that ``spawn`` or our
task factory started, and futures of suspensions.

Limits: a task that was started before the loop had our task factory, and awaits something of
asyncio, gets a plain ``CancelledError``. So it does on a loop with a task factory of its own.
"""

from __future__ import annotations

import asyncio
import collections.abc
from collections.abc import Generator
from types import TracebackType
from typing import Any, Final

from kwf_runtime.core.current import current
from kwf_runtime.errors import CancelToken

TOKEN: Final = "cancelled by W.cancel"


def is_native() -> bool:
    """Whether the caller runs under plain asyncio, not in a workflow thread."""
    return current() is None


def _translate(exc: BaseException) -> BaseException:
    """A CancelToken for a CancelledError that carries the token; else the exception itself."""
    if type(exc) is asyncio.CancelledError and exc.args == (TOKEN,):
        return CancelToken()
    return exc


class TokenCoroutine(collections.abc.Coroutine[Any, Any, Any]):
    """A coroutine as a task drives it: a cancellation with the token arrives as CancelToken."""

    __slots__ = ("__weakref__", "inner")

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __await__(self) -> Generator[Any, None, Any]:
        raise RuntimeError("a coroutine that a task runs cannot be awaited")

    def send(self, value: Any) -> Any:
        """Resume it."""
        return self.inner.send(value)

    def throw(self, kind: Any, value: Any = None, traceback: TracebackType | None = None) -> Any:
        """Raise in it."""
        if value is None and traceback is None and isinstance(kind, BaseException):
            return self.inner.throw(_translate(kind))
        return self.inner.throw(kind, value, traceback)

    def close(self) -> None:
        """Close it."""
        self.inner.close()

    def __getattr__(self, name: str) -> Any:
        # cr_frame and the like: what shows where a task waits.
        return getattr(self.inner, name)


class TokenFuture(asyncio.Future[Any]):
    """A future of asyncio that raises CancelToken when it was cancelled with the token."""

    def result(self) -> Any:
        """The result; the task that waits calls this, and throws what is raised."""
        try:
            return super().result()
        except asyncio.CancelledError as exc:
            error = _translate(exc)
            if error is exc:
                raise
            raise error from None


async def _await(awaitable: Any) -> Any:
    return await awaitable


def spawn(awaitable: Any) -> asyncio.Future[Any]:
    """``asyncio.ensure_future`` whose task can be cancelled with the token."""
    if asyncio.isfuture(awaitable):
        return awaitable
    loop = asyncio.get_running_loop()
    take_tokens(loop)
    coro = awaitable if asyncio.iscoroutine(awaitable) else _await(awaitable)
    return loop.create_task(TokenCoroutine(coro))


def take_tokens(loop: asyncio.AbstractEventLoop) -> None:
    """Let tasks that are started from now on be cancelled with the token."""
    if loop.get_task_factory() is None:
        loop.set_task_factory(token_task_factory)


def token_task_factory(
    loop: asyncio.AbstractEventLoop, coro: Any, **options: Any
) -> asyncio.Task[Any]:
    """A task factory by which every task of a loop can be cancelled with the token."""
    if not isinstance(coro, TokenCoroutine):
        coro = TokenCoroutine(coro)
    return asyncio.Task(coro, loop=loop, **options)
