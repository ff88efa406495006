"""``asyncio.futures`` as a compiled module sees it.

Limits: public names only.
"""

from asyncio.futures import isfuture

from kwf_runtime.aio import Future, wrap_future

__all__ = ["Future", "isfuture", "wrap_future"]
