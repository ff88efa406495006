"""``asyncio.queues`` as a compiled module sees it.

Limits: private names, and those that a newer Python added, are asyncio's own.
"""

from asyncio.queues import QueueEmpty, QueueFull

from kwf_runtime.aio import LifoQueue, PriorityQueue, Queue
from kwf_runtime.aio.facade import rest_of

__getattr__ = rest_of("asyncio.queues")
__all__ = ["LifoQueue", "PriorityQueue", "Queue", "QueueEmpty", "QueueFull"]
