"""``asyncio.timeouts`` as a compiled module sees it.

Limits: public names only.
"""

from kwf_runtime.aio import Timeout, timeout, timeout_at

__all__ = ["Timeout", "timeout", "timeout_at"]
