"""Traps: what a frame may wait for without any native frame in between.

Limits: a trap only tells which future stands for it; scheduling is the loop's affair.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kwf_runtime.core.futures import Future


class Trap:
    """Something that compiled code awaits directly.

    A frame that awaits a trap keeps the future of ``__kwf_await__`` as its delegate and hands
    it to its driver; no native iterator is held, so the frame can be saved.
    """

    __slots__ = ()

    def __kwf_await__(self) -> Future[Any]:
        """Return the future that ends when this trap does (a new one for each await, or itself)."""
        raise NotImplementedError

    def __await__(self) -> Generator[Any, None, Any]:
        """Return an iterator, for native code that awaits it."""
        return self.__kwf_await__().__await__()
