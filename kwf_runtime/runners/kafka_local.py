"""Where a worker keeps its stores on disk, and who it is.

    <workflow.store.dir>/<application.id>/instance      a random id, made once
    <workflow.store.dir>/<application.id>/worker-0/3    RocksDB of partition 3
    <workflow.store.dir>/<application.id>/worker-0.lock held by the process that is worker 0

Two processes on one folder get two numbers, so neither opens the other's stores nor fences its
producer; a process that comes back gets its old number, stores and transactional id. Stores of
partitions that have gone elsewhere stay: they shorten the way back.
"""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kwf_runtime.errors import ConfigError
from kwf_runtime.runners.engine_lock import EngineLock
from kwf_runtime.runners.kafka_config import LOG
from kwf_runtime.runners.kafka_kv import MemoryKeyValue, open_rocks
from kwf_runtime.runners.kafka_store import PartitionStore

if TYPE_CHECKING:
    from kwf_runtime.settings import Settings

_MAX_WORKERS: Final = 256


class Workplace:
    """The folder, number and stores of one worker process."""

    def __init__(self, settings: Settings, worker: int) -> None:
        """Take a number: `worker` if that is free, else the next one.

        Raises:
            ConfigError: The folder cannot be written.
        """
        self._in_memory = settings.store_in_memory
        self._root = Path(settings.store_dir) / settings.application_id
        try:
            self._root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"cannot make the folder {self._root} ({error.strerror}): "
                "set workflow.store.dir to one that can be written"
            ) from error
        self.number, self._lock = self._take_number(worker)
        self.transactional_id = f"{settings.application_id}-{self._instance()}-{self.number}"
        self._memory: dict[int, PartitionStore] = {}

    def open(
        self, partition: int, origin: str, end: int, tombstone_ms: int, now_ms: int
    ) -> PartitionStore:
        """Return the store of a partition, empty if what it held is of no use.

        Args:
            partition: The partition.
            origin: Names the changelog; a store of another one is emptied.
            end: End of the changelog's partition.
            tombstone_ms: For how long the changelog tells what was removed; a store that missed
                more than that would bring ended threads back to life.
            now_ms: The time.
        """
        store = self._get(partition)
        why = _useless(store, origin, end, tombstone_ms, now_ms)
        if why is not None:
            LOG.warning("the store of partition %d is read anew: %s", partition, why)
            store.close()
            self._memory.pop(partition, None)
            shutil.rmtree(self._folder(partition), ignore_errors=True)
            store = self._get(partition)
        if store.origin() is None:
            store.begin(origin)
        return store

    def close(self) -> None:
        """Give the number back."""
        self._lock.release()

    def _folder(self, partition: int) -> Path:
        return self._root / f"worker-{self.number}" / str(partition)

    def _get(self, partition: int) -> PartitionStore:
        if self._in_memory:
            # Kept while another worker has the partition: then only the rest has to be read.
            store = self._memory.get(partition)
            if store is None:
                store = self._memory[partition] = PartitionStore(MemoryKeyValue())
            return store
        kv, damage = open_rocks(self._folder(partition))
        if damage is not None:
            LOG.warning("the store of partition %d was damaged: %s", partition, damage)
        return PartitionStore(kv)

    def _take_number(self, wanted: int) -> tuple[int, EngineLock]:
        for number in range(wanted, wanted + _MAX_WORKERS):
            try:
                return number, EngineLock(str(self._root / f"worker-{number}"))
            except ConfigError as error:
                refusal = error
        raise refusal

    def _instance(self) -> str:
        path = self._root / "instance"
        try:
            return path.read_text()
        except FileNotFoundError:
            own = path.with_suffix(f".{self.number}")
            own.write_text(uuid.uuid4().hex[:12])
            try:
                path.hardlink_to(own)  # of two that start at once, one wins
            except FileExistsError:
                LOG.debug("another worker has named this folder")
            own.unlink()
            return path.read_text()


def _useless(
    store: PartitionStore, origin: str, end: int, tombstone_ms: int, now_ms: int
) -> str | None:
    known, offset = store.origin(), store.offset()
    if known is None:
        return None
    if known != origin:
        return "it belongs to another changelog"
    if offset is not None and offset > end:
        return "it is ahead of the changelog, which was cut"
    # Half of the time: what was removed is forgotten by the clock of the broker's cleaner.
    if offset is not None and offset < end and now_ms - store.saved_ms() > tombstone_ms // 2:
        return "it is too old to know which threads have ended meanwhile"
    return None
