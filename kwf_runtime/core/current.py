"""Which workflow thread this OS thread is stepping.

Limits: one at a time for each OS thread; activities run elsewhere and have none.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kwf_runtime.errors import NoThreadError

if TYPE_CHECKING:
    from kwf_runtime.core.thread import WorkflowThread


class _Current(threading.local):
    thread: WorkflowThread | None = None


_current = _Current()


def current() -> WorkflowThread | None:
    """Return the workflow thread whose step this OS thread runs; None outside of steps."""
    return _current.thread


def require(what: str) -> WorkflowThread:
    """Return the current workflow thread.

    Args:
        what: the called function, for the message (``W.suspend``).

    Raises:
        NoThreadError: there is none.
    """
    thread = _current.thread
    if thread is None:
        raise NoThreadError(what)
    return thread


class entered:  # noqa: N801  (reads as the function of a `with`)
    """Make ``thread`` the current one while the block runs."""

    # A class, for a step is short: a generator takes four times as long.
    __slots__ = ("_former", "_thread")

    def __init__(self, thread: WorkflowThread) -> None:
        self._thread = thread

    def __enter__(self) -> None:
        self._former = _current.thread
        _current.thread = self._thread

    def __exit__(self, *raised: object) -> None:
        _current.thread = self._former
