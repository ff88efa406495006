"""Awaits of a chain of coroutines: the leaf awaits `trap` for ever, its callers wait for it."""

from typing import Any


async def call(depth: int, trap: Any) -> Any:
    if depth > 1:
        return await call(depth - 1, trap)
    while True:
        await trap


async def main(depth: int) -> Any:
    """The loader wants a workflow; what is measured is `call`, driven by hand."""
    return await call(depth, None)
