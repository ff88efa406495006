"""The decoded threads that the next step probably needs: an LRU with a budget in bytes.

A thread is decoded state that a step changes in place. So an entry is only as good as the record it
was decoded from: whoever asks names that record, and a failed step or batch drops the entry.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from kwf_runtime.runners.envelope import ThreadRecord

if TYPE_CHECKING:
    from kwf_runtime.core.thread import WorkflowThread

# A decoded thread takes several times the bytes of its state: objects, dicts, frames.
_BYTES_PER_THREAD = 4096
_BYTES_PER_STATE_BYTE = 12


class ThreadCache:
    """Decoded threads by id, the least recently used one leaving first."""

    def __init__(self, budget_bytes: int) -> None:
        """Keep threads up to about so many bytes."""
        self._budget_bytes = budget_bytes
        self._used_bytes = 0
        self._entries: OrderedDict[str, tuple[ThreadRecord, WorkflowThread]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many threads are decoded."""
        return len(self._entries)

    def record(self, thread_id: str) -> ThreadRecord | None:
        """Return the record that the decoded thread belongs to."""
        entry = self._entries.get(thread_id)
        return None if entry is None else entry[0]

    def thread(self, record: ThreadRecord) -> WorkflowThread | None:
        """Return the decoded thread of exactly that record."""
        entry = self._entries.get(record.thread_id)
        if entry is None or entry[0].state is not record.state:
            return None
        self._entries.move_to_end(record.thread_id)
        return entry[1]

    def put(self, record: ThreadRecord, thread: WorkflowThread) -> None:
        """Keep the decoded thread of that record; others may have to leave."""
        self.drop(record.thread_id)
        self._entries[record.thread_id] = (record, thread)
        self._used_bytes += _cost(record)
        while self._used_bytes > self._budget_bytes:
            _, (oldest, _) = self._entries.popitem(last=False)
            self._used_bytes -= _cost(oldest)

    def drop(self, thread_id: str) -> None:
        """Forget the thread; it is decoded again when it is needed."""
        entry = self._entries.pop(thread_id, None)
        if entry is not None:
            self._used_bytes -= _cost(entry[0])

    def clear(self) -> None:
        """Forget all threads."""
        self._entries.clear()
        self._used_bytes = 0


def _cost(record: ThreadRecord) -> int:
    return _BYTES_PER_THREAD + _BYTES_PER_STATE_BYTE * len(record.state or b"")
