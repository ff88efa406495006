"""``asyncio.taskgroups`` as a compiled module sees it.

Limits: public names only.
"""

from kwf_runtime.aio import TaskGroup

__all__ = ["TaskGroup"]
