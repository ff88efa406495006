"""``asyncio.timeouts`` as a compiled module sees it.

Limits: private names, and those that a newer Python added, are asyncio's own.
"""

from kwf_runtime.aio import Timeout, timeout, timeout_at
from kwf_runtime.aio.facade import rest_of

__getattr__ = rest_of("asyncio.timeouts")
__all__ = ["Timeout", "timeout", "timeout_at"]
