"""``asyncio.futures`` as a compiled module sees it.

Limits: private names, and those that a newer Python added, are asyncio's own.
"""

from asyncio.futures import isfuture

from kwf_runtime.aio import Future, wrap_future
from kwf_runtime.aio.facade import rest_of

__getattr__ = rest_of("asyncio.futures")
__all__ = ["Future", "isfuture", "wrap_future"]
