"""The memory runner: log and store in this process, for tests and for `workflow.runner=memory`.

It keeps the same bytes as the other runners, so a thread that cannot be saved is parked here too.
`MemoryRunner.turn(1)` applies one record: with a clock of the test's own a run is deterministic.
Limits: nothing is bounded, nothing survives the process.
"""

from __future__ import annotations

import heapq
import itertools
import sys
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from kwf_runtime.runners.base import Clock, TopicInfo
from kwf_runtime.runners.envelope import ThreadRecord
from kwf_runtime.runners.local import LocalRunner, system_clock_ms
from kwf_runtime.runners.records import OutRecord, Record
from kwf_runtime.wire import timer_prefix

if TYPE_CHECKING:
    from kwf_runtime.core.engine import Program
    from kwf_runtime.runners.batch import Batch
    from kwf_runtime.runners.calls import Codec
    from kwf_runtime.runners.stepper import Limits
    from kwf_runtime.settings import Settings

_K = TypeVar("_K")


class MemoryLog:
    """Topics, threads and timers of one engine; outlives the runners and clients that use it."""

    def __init__(self, clock: Clock = system_clock_ms) -> None:
        """Make an empty log whose records get their timestamps from `clock`."""
        self._clock = clock
        self._topics: dict[str, list[Record]] = {}
        self._threads: dict[str, bytes] = {}
        self._timers = DueIndex[bytes]()
        self._wakes = DueIndex[str]()
        self._calling: set[str] = set()
        self._positions: dict[str, int] = {}
        self._layouts: dict[str, bytes] = {}
        self._appended = threading.Condition()
        self._version = 0
        self._looked_at = 0

    # --- the log

    def append(self, records: Iterable[OutRecord], timestamp_ms: int | None = None) -> None:
        """Append records to their topics, all at once."""
        written_ms = self._clock() if timestamp_ms is None else timestamp_ms
        with self._appended:
            for out in records:
                topic = self._topics.setdefault(out.topic, [])
                topic.append(
                    Record(out.topic, 0, len(topic), written_ms, out.key, out.value, out.headers)
                )
            self._version += 1
            self._appended.notify_all()

    def position(self, topic: str) -> int:
        """See `LogStore.position`."""
        return self._positions.get(topic, 0)

    def end(self, topic: str) -> int:
        """See `LogStore.end`."""
        return len(self._topics.get(topic, ()))

    def read(self, topic: str, offset: int, limit: int) -> list[Record]:
        """See `LogStore.read`."""
        with self._appended:
            return self._topics.get(topic, [])[offset : offset + limit]

    def wait_for(self, topic: str, offset: int, timeout_s: float | None) -> bool:
        """Wait until the topic has a record of that offset; False if the time is over."""
        with self._appended:
            return self._appended.wait_for(lambda: self.end(topic) > offset, timeout_s)

    def topics(self) -> list[TopicInfo]:
        """Return the topics that there are."""
        with self._appended:
            return [TopicInfo(name, 0, 0, len(log)) for name, log in sorted(self._topics.items())]

    def changed(self) -> bool:
        """See `LogStore.changed`."""
        changed = self._looked_at != self._version
        self._looked_at = self._version
        return changed

    # --- the store

    def get(self, thread_id: str) -> ThreadRecord | None:
        """See `Store.get`."""
        data = self._threads.get(thread_id)
        return None if data is None else ThreadRecord.load(thread_id, data)

    def timer(self, key: bytes) -> int | None:
        """See `Store.timer`."""
        return self._timers.get(key)

    def timers(self, prefix: bytes) -> list[tuple[int, bytes]]:
        """Return (due time, key) of timers whose keys begin so, in due order."""
        every = self._timers.due(None, sys.maxsize)
        return [(due_ms, key) for due_ms, key in every if key.startswith(prefix)]

    def due_threads(self, now_ms: int, limit: int) -> list[tuple[int, str]]:
        """See `Store.due_threads`."""
        return self._wakes.due(now_ms, limit)

    def due_timers(self, now_ms: int, limit: int) -> list[tuple[int, bytes]]:
        """See `Store.due_timers`."""
        return self._timers.due(now_ms, limit)

    def next_due_ms(self) -> int | None:
        """See `Store.next_due_ms`."""
        earliest = [*self._wakes.due(None, 1), *self._timers.due(None, 1)]
        return min((due_ms for due_ms, _ in earliest), default=None)

    def threads(self) -> Iterator[ThreadRecord]:
        """Iterate over all threads that live."""
        for thread_id, data in sorted(self._threads.items()):
            yield ThreadRecord.load(thread_id, data)

    def calling(self) -> Iterator[ThreadRecord]:
        """See `Store.calling`."""
        for thread_id in sorted(self._calling):
            yield ThreadRecord.load(thread_id, self._threads[thread_id])

    def parked(self) -> Iterator[ThreadRecord]:
        """See `LogStore.parked`."""
        return (record for record in self.threads() if record.status == "parked")

    def save_layouts(self, layouts: dict[str, bytes]) -> None:
        """Keep the layouts of the code that the engine runs."""
        self._layouts.update(layouts)

    def layouts(self) -> dict[str, bytes]:
        """Return the layouts that were kept."""
        return dict(self._layouts)

    def commit(self, batch: Batch, positions: dict[str, int], now_ms: int) -> None:
        """See `LogStore.commit`."""
        # Whatever can fail comes before the first change.
        encoded = {
            thread_id: None if record is None else record.encode()
            for thread_id, record in batch.threads.items()
        }
        for thread_id, record in batch.threads.items():
            data = encoded[thread_id]
            if data is None:
                self._threads.pop(thread_id, None)
            else:
                self._threads[thread_id] = data
            self._wakes.put(thread_id, None if record is None else record.wake_ms)
            if record is not None and record.calls:
                self._calling.add(thread_id)
            else:
                self._calling.discard(thread_id)
        for key, due_ms in batch.timers.items():
            self._timers.put(key, due_ms)
        self._positions.update(positions)
        if batch.outputs:
            self.append(batch.outputs, now_ms)

    def close(self) -> None:
        """Do nothing: a log outlives its runners."""


class DueIndex(Generic[_K]):
    """Keys in due order: a heap whose outdated entries are skipped when they come up."""

    def __init__(self) -> None:
        """Make an empty index."""
        self._due: dict[_K, tuple[int, int]] = {}
        self._heap: list[tuple[int, int, _K]] = []
        self._count = itertools.count()

    def get(self, key: _K) -> int | None:
        """Return when the key is due."""
        entry = self._due.get(key)
        return None if entry is None else entry[0]

    def put(self, key: _K, due_ms: int | None) -> None:
        """Set when the key is due; None takes it out."""
        if due_ms is None:
            self._due.pop(key, None)
            return
        number = next(self._count)
        self._due[key] = (due_ms, number)
        heapq.heappush(self._heap, (due_ms, number, key))

    def due(self, now_ms: int | None, limit: int) -> list[tuple[int, _K]]:
        """Return up to `limit` keys that are due (`now_ms` None: whenever), in due order."""
        found: list[tuple[int, int, _K]] = []
        while self._heap and len(found) < limit:
            due_ms, number, key = self._heap[0]
            if self._due.get(key) != (due_ms, number):
                heapq.heappop(self._heap)
                continue
            if now_ms is not None and due_ms > now_ms:
                break
            found.append(heapq.heappop(self._heap))
        for entry in found:
            heapq.heappush(self._heap, entry)
        return [(due_ms, key) for due_ms, _, key in found]


class MemoryRunner(LocalRunner):
    """The engine on a `MemoryLog`."""

    def __init__(
        self,
        program: Program,
        settings: Settings,
        log: MemoryLog | None = None,
        *,
        clock: Clock = system_clock_ms,
        codec: Codec | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Run on that log; without one, on the log of this process that `settings.db` names."""
        log = shared_log(settings.db) if log is None else log
        super().__init__(program, settings, log, clock=clock, codec=codec, limits=limits)


class MemoryClient:
    """A client of a `MemoryLog`."""

    def __init__(self, settings: Settings, log: MemoryLog | None = None) -> None:
        """Talk to that log; without one, to the log of this process that `settings.db` names."""
        self._log = shared_log(settings.db) if log is None else log

    def send(self, records: Iterable[OutRecord]) -> None:
        """See `base.Client.send`."""
        self._log.append(list(records))

    def tail(
        self, topic: str, *, from_start: bool, count: int | None, timeout_s: float | None
    ) -> Iterator[Record]:
        """See `base.Client.tail`."""
        return self._tail(topic, 0 if from_start else self._log.end(topic), count, timeout_s)

    def _tail(
        self, topic: str, offset: int, count: int | None, timeout_s: float | None
    ) -> Iterator[Record]:
        stop = None if count is None else offset + count
        while stop is None or offset < stop:
            if not self._log.wait_for(topic, offset, timeout_s):
                return
            yield self._log.read(topic, offset, 1)[0]
            offset += 1

    def threads(self) -> Iterator[ThreadRecord]:
        """See `base.Client.threads`."""
        return self._log.threads()

    def thread(self, thread_id: str) -> ThreadRecord | None:
        """See `base.Client.thread`."""
        return self._log.get(thread_id)

    def timers(self, thread_id: str) -> list[tuple[int, bytes]]:
        """See `base.Client.timers`."""
        return self._log.timers(timer_prefix(thread_id))

    def layouts(self) -> dict[str, bytes]:
        """See `base.Client.layouts`."""
        return self._log.layouts()

    def topics(self) -> list[TopicInfo]:
        """See `base.Client.topics`."""
        return self._log.topics()

    def close(self) -> None:
        """Do nothing: there is no connection."""


_shared: dict[str, MemoryLog] = {}


def shared_log(name: str) -> MemoryLog:
    """Return the log of this process with that name; made when it is first asked for."""
    return _shared.setdefault(name, MemoryLog())
