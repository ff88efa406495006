"""The local store of a Kafka worker: a cache of what a partition's changelog says.

It holds the changelog's records by their keys, indexes (due times; threads that are parked or have
activity calls) and the changelog's offset up to which it goes, written together. So it is always a
committed prefix: after a crash only the rest of the changelog has to be read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from kwf_runtime.runners.envelope import ThreadRecord
from kwf_runtime.runners.kafka_changelog import (
    POSITION,
    THREAD,
    TIMER,
    Changes,
    Head,
    Position,
    decode_due,
    decode_head,
    decode_position,
    piece_key,
    thread_body,
    thread_key,
)
from kwf_runtime.runners.kafka_config import LOG
from kwf_runtime.runners.kafka_hash import partition_for
from kwf_runtime.runners.kafka_kv import KeyValue

# Keys that the changelog does not have.
_DUE_THREAD: Final = b"d:"
_DUE_TIMER: Final = b"e:"
_CALLING: Final = b"a:"
_PARKED: Final = b"q:"
_OFFSET: Final = b"m:offset"
_SAVED: Final = b"m:saved"
_ORIGIN: Final = b"m:origin"
_DUE_BYTES: Final = 8


def _after(prefix: bytes) -> bytes:
    return prefix[:-1] + bytes([prefix[-1] + 1])


class _DueIndex:
    """Due times in order, in the store itself: memory does not grow with the number of timers."""

    def __init__(self, kv: KeyValue, prefix: bytes) -> None:
        self._kv = kv
        self._prefix = prefix
        # Nothing lies before it: RocksDB would walk over all that was removed there.
        self._floor = prefix
        self._first: int | None = None
        self._first_known = False

    def key(self, due_ms: int, name: bytes) -> bytes:
        return self._prefix + max(due_ms, 0).to_bytes(_DUE_BYTES, "big") + name

    def changed(self, key: bytes, *, removed: bool) -> None:
        """Note that a key was written or removed."""
        due_ms = self._due_of(key)
        if removed:
            self._first_known = self._first_known and due_ms != self._first
            return
        self._floor = min(self._floor, key)
        if self._first_known and (self._first is None or due_ms < self._first):
            self._first = due_ms

    def due(self, now_ms: int, limit: int) -> list[tuple[int, bytes]]:
        """Return the first (due time, name) up to now."""
        first = self.first()
        if first is None or first > now_ms:
            return []
        found: list[tuple[int, bytes]] = []
        for key in self._kv.scan(self._floor, self.key(now_ms + 1, b"")):
            found.append((self._due_of(key), key[len(self._prefix) + _DUE_BYTES :]))
            if len(found) == limit:
                break
        return found

    def first(self) -> int | None:
        """Return the earliest due time."""
        if not self._first_known:
            key = next(self._kv.scan(self._floor, _after(self._prefix)), None)
            self._floor = self._prefix if key is None else key
            self._first = None if key is None else self._due_of(key)
            self._first_known = True
        return self._first

    def _due_of(self, key: bytes) -> int:
        at = len(self._prefix)
        return int.from_bytes(key[at : at + _DUE_BYTES], "big")


class PartitionStore:
    """The committed threads and timers of one partition."""

    def __init__(self, kv: KeyValue) -> None:
        """Use what is in `kv`."""
        self._kv = kv
        self._due_threads = _DueIndex(kv, _DUE_THREAD)
        self._due_timers = _DueIndex(kv, _DUE_TIMER)

    # --- what the join asks

    def get(self, thread_id: str) -> ThreadRecord | None:
        """Return what is kept for the thread; None if there is none."""
        key = thread_key(thread_id)
        value = self._kv.get(key)
        return None if value is None else self._record(key, value)

    def timer(self, key: bytes) -> int | None:
        """Return when the timer is due; None if it is not set."""
        value = self._kv.get(TIMER + key)
        return None if value is None else decode_due(value)

    def due_threads(self, now_ms: int, limit: int) -> list[tuple[int, str]]:
        """Return (due time, thread id) of threads that are due, in due order."""
        return [(due, name.decode()) for due, name in self._due_threads.due(now_ms, limit)]

    def due_timers(self, now_ms: int, limit: int) -> list[tuple[int, bytes]]:
        """Return (due time, key) of timers that are due, in due order."""
        return self._due_timers.due(now_ms, limit)

    def next_due_ms(self) -> int | None:
        """Return the earliest due time of both kinds."""
        first, other = self._due_threads.first(), self._due_timers.first()
        if first is None or other is None:
            return other if first is None else first
        return min(first, other)

    def calling(self) -> Iterator[ThreadRecord]:
        """Iterate over the threads that have pending activity calls."""
        return self._marked(_CALLING)

    def parked(self) -> Iterator[ThreadRecord]:
        """Iterate over the threads that are parked."""
        return self._marked(_PARKED)

    def threads(self) -> Iterator[ThreadRecord]:
        """Iterate over all threads."""
        for key in self._kv.scan(THREAD, _after(THREAD)):
            value = self._kv.get(key)
            if value is not None:
                yield self._record(key, value)

    def entries(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Iterate over the changelog's records of one kind, keys without the prefix."""
        for key in self._kv.scan(prefix, _after(prefix)):
            value = self._kv.get(key)
            if value is not None:
                yield key[len(prefix) :], value

    # --- what the runner writes

    def head(self, key: bytes) -> Head | None:
        """Return the head of what is kept for a thread, given by its key."""
        value = self._kv.get(key)
        return None if value is None else decode_head(value)

    def position(self) -> Position:
        """Return how far the partition has been applied."""
        value = self._kv.get(POSITION)
        return Position() if value is None else decode_position(value)

    def offset(self) -> int | None:
        """Return the changelog's offset up to which this store goes; None if it is new."""
        value = self._kv.get(_OFFSET)
        return None if value is None else int(value)

    def saved_ms(self) -> int:
        """Return when the store was last known to be complete."""
        return int(self._kv.get(_SAVED) or b"0")

    def origin(self) -> str | None:
        """Return which changelog the store belongs to; None if it is new."""
        value = self._kv.get(_ORIGIN)
        return None if value is None else value.decode()

    def apply(self, changes: Changes, offset: int, now_ms: int) -> None:
        """Write records of the changelog, of before `offset`, and their indexes."""
        writes: list[tuple[bytes, bytes | None]] = [
            (_OFFSET, b"%d" % offset),
            (_SAVED, b"%d" % now_ms),
        ]
        indexed: list[tuple[_DueIndex, bytes, bool]] = []
        for key, value in changes.items():
            writes.append((key, value))
            kind = key[:2]
            if kind == THREAD:
                old, new = self._kv.get(key), value
                self._index_thread(key, old, new, writes, indexed)
            elif kind == TIMER:
                was, due = self.timer(key[2:]), None if value is None else decode_due(value)
                _move(self._due_timers, key[2:], was, due, writes, indexed)
        self._kv.write(writes)
        for index, entry, removed in indexed:
            index.changed(entry, removed=removed)

    def begin(self, origin: str) -> None:
        """Note which changelog the store will hold."""
        self._kv.write([(_ORIGIN, origin.encode())])

    def touch(self, now_ms: int) -> None:
        """Note that the store is complete as of now."""
        self._kv.write([(_SAVED, b"%d" % now_ms)])

    def close(self) -> None:
        """Let go of the files."""
        self._kv.close()

    def _index_thread(
        self,
        key: bytes,
        old: bytes | None,
        new: bytes | None,
        writes: list[tuple[bytes, bytes | None]],
        indexed: list[tuple[_DueIndex, bytes, bool]],
    ) -> None:
        name = key[len(THREAD) :]
        before = None if old is None else decode_head(old)
        after = None if new is None else decode_head(new)
        was = before.due_ms if before is not None else None
        due = after.due_ms if after is not None else None
        _move(self._due_threads, name, was, due, writes, indexed)
        for mark, had, has in (
            (_CALLING, before is not None and before.has_calls, after and after.has_calls),
            (_PARKED, before is not None and before.parked, after and after.parked),
        ):
            if had != bool(has):
                writes.append((mark + name, b"" if has else None))

    def _marked(self, mark: bytes) -> Iterator[ThreadRecord]:
        for key in list(self._kv.scan(mark, _after(mark))):
            record = self.get(key[len(mark) :].decode())
            if record is not None:
                yield record

    def _record(self, key: bytes, value: bytes) -> ThreadRecord:
        name = key[len(THREAD) :].decode()
        pieces = decode_head(value).pieces
        if not pieces:
            return ThreadRecord.load(name, thread_body(value))
        found = [self._kv.get(piece_key(key, number)) for number in range(pieces)]
        if any(piece is None for piece in found):
            LOG.error("the record of thread %r has lost a piece", key[len(THREAD) :])
        return ThreadRecord.load(name, b"".join(piece or b"" for piece in found))


def _move(
    index: _DueIndex,
    name: bytes,
    was: int | None,
    due: int | None,
    writes: list[tuple[bytes, bytes | None]],
    indexed: list[tuple[_DueIndex, bytes, bool]],
) -> None:
    if was == due:
        return
    if was is not None:
        writes.append((index.key(was, name), None))
        indexed.append((index, index.key(was, name), True))
    if due is not None:
        writes.append((index.key(due, name), b""))
        indexed.append((index, index.key(due, name), False))


class StoreSet:
    """The stores of the partitions that a worker owns; what the join sees."""

    def __init__(self, partitions: int) -> None:
        """Own nothing of so many partitions.

        Attributes:
            partitions: How many there are, owned or not.
            owned: The stores, by their partitions.
            read_until_ms: Up to when the records of a partition are read: what is due later may
                still be beaten by a record that is in the log already.
        """
        self.partitions = partitions
        self.owned: dict[int, PartitionStore] = {}
        self.read_until_ms: Callable[[int], float] = lambda number: math.inf

    def of(self, key: bytes) -> PartitionStore | None:
        """Return the store of a key of the log; None if another worker owns its partition."""
        return self.owned.get(partition_for(key, self.partitions))

    def get(self, thread_id: str) -> ThreadRecord | None:
        """Return what is kept for the thread; None if there is none here."""
        store = self.of(thread_id.encode())
        return None if store is None else store.get(thread_id)

    def timer(self, key: bytes) -> int | None:
        """Return when the timer is due; None if it is not set here."""
        store = self.of(key)
        return None if store is None else store.timer(key)

    def due_threads(self, now_ms: int, limit: int) -> list[tuple[int, str]]:
        """Return (due time, thread id) of threads that are due, in due order."""
        found = (s.due_threads(until_ms, limit) for s, until_ms in self._ripe(now_ms))
        return sorted(item for part in found for item in part)[:limit]

    def due_timers(self, now_ms: int, limit: int) -> list[tuple[int, bytes]]:
        """Return (due time, key) of timers that are due, in due order."""
        found = (s.due_timers(until_ms, limit) for s, until_ms in self._ripe(now_ms))
        return sorted(item for part in found for item in part)[:limit]

    def _ripe(self, now_ms: int) -> Iterator[tuple[PartitionStore, int]]:
        for number, store in self.owned.items():
            yield store, int(min(now_ms, self.read_until_ms(number)))

    def next_due_ms(self) -> int | None:
        """Return the earliest due time of both kinds; None if nothing is set."""
        return min(_present(store.next_due_ms() for store in self.owned.values()), default=None)

    def calling(self) -> Iterator[ThreadRecord]:
        """Iterate over the threads that have pending activity calls."""
        for store in self.owned.values():
            yield from store.calling()

    def parked(self) -> Iterator[ThreadRecord]:
        """Iterate over the threads that are parked."""
        for store in self.owned.values():
            yield from store.parked()

    def close(self) -> None:
        """Close all the stores; none is owned any more."""
        for store in self.owned.values():
            store.close()
        self.owned.clear()


def _present(values: Iterable[int | None]) -> Iterator[int]:
    return (value for value in values if value is not None)
