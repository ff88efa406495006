"""``asyncio.taskgroups`` as a compiled module sees it.

Limits: private names, and those that a newer Python added, are asyncio's own.
"""

from kwf_runtime.aio import TaskGroup
from kwf_runtime.aio.facade import rest_of

__getattr__ = rest_of("asyncio.taskgroups")
__all__ = ["TaskGroup"]
