"""``asyncio.queues`` as a compiled module sees it.

Limits: public names only.
"""

from asyncio.queues import QueueEmpty, QueueFull

from kwf_runtime.aio import LifoQueue, PriorityQueue, Queue

__all__ = ["LifoQueue", "PriorityQueue", "Queue", "QueueEmpty", "QueueFull"]
