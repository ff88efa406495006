"""``asyncio.locks`` as a compiled module sees it.

Limits: public names only.
"""

from kwf_runtime.aio import Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore

__all__ = ["Barrier", "BoundedSemaphore", "Condition", "Event", "Lock", "Semaphore"]
