"""Which workflow thread this OS thread is stepping.

Limits: one at a time for each OS thread; activities run elsewhere and have none.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def entered(thread: WorkflowThread) -> Iterator[None]:
    """Make ``thread`` the current one while the block runs."""
    former = _current.thread
    _current.thread = thread
    try:
        yield
    finally:
        _current.thread = former
