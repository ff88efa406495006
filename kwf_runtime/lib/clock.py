"""A virtual clock for plain asyncio: time jumps to the next timer when nothing is ready.

With it, a native workflow that sleeps for months runs in no time, in the right order.

Limits: it waits for no OS threads and no sockets; ``rest`` needs a loop made of CPython's own
``BaseEventLoop``.
"""

from __future__ import annotations

import asyncio
import selectors
import weakref
from collections.abc import Coroutine
from typing import Any, TypeVar

from kwf_runtime.errors import KwfError
from kwf_runtime.lib.native import take_tokens

T = TypeVar("T")

_resting: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, int] = weakref.WeakKeyDictionary()
"""How many callers of ``rest`` each loop has now."""


class _Clock(selectors.DefaultSelector):
    """Takes the place of waiting: moves the time on instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now; else move the time on by the timeout."""
        ready = super().select(0)
        if timeout is None and not ready:
            raise KwfError(
                "all tasks wait, no timer is set, and nothing is left that could wake any of them: "
                "settle what they wait for (mock.resume, mock.reject)"
            )
        if not ready and timeout is not None and timeout > 0:
            self.now += timeout
        return ready


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock is virtual; its tasks take ``W.CancelToken``, too."""

    def __init__(self) -> None:
        self._clock = _Clock()
        super().__init__(self._clock)
        # The loop fires what is due before now + resolution: at 1e-9 that is now itself, after a
        # virtual year, and the timer that is due exactly now would never fire.
        self._clock_resolution = 1e-6
        take_tokens(self)

    def time(self) -> float:
        """Return the virtual time, in seconds; it begins at 0."""
        return self._clock.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run`` on a virtual clock.

    Raises:
        KwfError: the coroutine waits for something that can never come.
    """
    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        return runner.run(main)


async def rest() -> None:
    """Let everything run that is ready, until only callers of this function are."""
    loop = asyncio.get_running_loop()
    ready = getattr(loop, "_ready", None)
    if ready is None:
        raise KwfError(
            f"{type(loop).__name__} does not show what is ready: run this test with "
            "kwf_runtime.testing.run, or on asyncio's own loop"
        )
    _resting[loop] = _resting.get(loop, 0) + 1
    try:
        while True:
            await asyncio.sleep(0)
            # The others that rest are among the ready ones: each looks again and again.
            if len(ready) < _resting[loop]:
                return
    finally:
        _resting[loop] -= 1


async def advance(seconds: float) -> None:
    """Move the virtual time on, firing the timers on the way, and rest.

    Raises:
        KwfError: the running loop has no virtual clock.
    """
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualClockLoop):
        raise KwfError(f"{type(loop).__name__} has no virtual clock: use kwf_runtime.testing.run")
    await asyncio.sleep(seconds)
    await rest()
