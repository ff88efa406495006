"""``asyncio.locks`` as a compiled module sees it.

Limits: private names, and those that a newer Python added, are asyncio's own.
"""

from kwf_runtime.aio import Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore
from kwf_runtime.aio.facade import rest_of

__getattr__ = rest_of("asyncio.locks")
__all__ = ["Barrier", "BoundedSemaphore", "Condition", "Event", "Lock", "Semaphore"]
