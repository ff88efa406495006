"""Ordered key-value stores behind a worker's partitions: in memory, or a RocksDB folder.

A write is atomic. A RocksDB that loses its last writes with the machine loses a suffix of them,
never some of the middle; the changelog brings that suffix back, so nothing is synced to disk here.
"""

from __future__ import annotations

import shutil
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kwf_runtime.errors import ConfigError

if TYPE_CHECKING:
    from rocksdict import Rdict

_WRITE_BUFFER_BYTES = 8 << 20
_CACHE_BYTES = 8 << 20


class KeyValue(Protocol):
    """Bytes by key."""

    def get(self, key: bytes) -> bytes | None:
        """Return the value of the key; None if it has none."""

    def write(self, changes: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Write all the values, or none of them; None removes the key."""

    def scan(self, start: bytes, stop: bytes) -> Iterator[bytes]:
        """Iterate over the keys from `start` to before `stop`, in order."""

    def close(self) -> None:
        """Let go of the files."""


class MemoryKeyValue:
    """A dict, and its keys in order."""

    def __init__(self) -> None:
        """Make an empty store."""
        self._values: dict[bytes, bytes] = {}
        self._keys: list[bytes] = []

    def get(self, key: bytes) -> bytes | None:
        """Return the value of the key; None if it has none."""
        return self._values.get(key)

    def write(self, changes: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Write all the values; None removes the key."""
        for key, value in changes:
            if value is not None:
                if key not in self._values:
                    insort(self._keys, key)
                self._values[key] = value
            elif self._values.pop(key, None) is not None:
                del self._keys[bisect_left(self._keys, key)]

    def scan(self, start: bytes, stop: bytes) -> Iterator[bytes]:
        """Iterate over the keys from `start` to before `stop`; nothing may be written meanwhile."""
        for index in range(bisect_left(self._keys, start), len(self._keys)):
            key = self._keys[index]
            if key >= stop:
                return
            yield key

    def close(self) -> None:
        """Do nothing: what is in memory stays until it is garbage."""


class RocksKeyValue:
    """A RocksDB in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        """Open the folder's RocksDB, making it if there is none."""
        self._db = _open(folder)

    def get(self, key: bytes) -> bytes | None:
        """Return the value of the key; None if it has none."""
        value: bytes | None = self._db.get(key)
        return value

    def write(self, changes: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Write all the values, or none of them; None removes the key."""
        from rocksdict import WriteBatch

        batch = WriteBatch(raw_mode=True)
        for key, value in changes:
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        try:
            self._db.write(batch)
        except Exception as error:  # rocksdict raises bare Exception
            from kwf_runtime.runners.local import StoreBusyError

            raise StoreBusyError(f"cannot write {self._db.path()}: {error}") from error

    def scan(self, start: bytes, stop: bytes) -> Iterator[bytes]:
        """Iterate over the keys from `start` to before `stop`, as they were at the call."""
        for key in self._db.keys(from_key=start):
            if not isinstance(key, bytes) or key >= stop:
                return
            yield key

    def close(self) -> None:
        """Let go of the files."""
        self._db.close()


def _open(folder: Path) -> Rdict:
    try:
        from rocksdict import BlockBasedOptions, Cache, Options, Rdict
    except ImportError as error:
        raise ConfigError(
            "the Kafka runner keeps its local store in RocksDB: pip install 'kwf[kafka]', "
            "or set workflow.store.in-memory=true"
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    blocks = BlockBasedOptions()
    blocks.set_block_cache(Cache(_CACHE_BYTES))
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(blocks)
    options.set_write_buffer_size(_WRITE_BUFFER_BYTES)
    options.set_max_write_buffer_number(2)
    options.set_max_total_wal_size(2 * _WRITE_BUFFER_BYTES)
    options.set_keep_log_file_num(1)
    options.increase_parallelism(1)
    return Rdict(str(folder), options)


def open_rocks(folder: Path) -> tuple[RocksKeyValue, str | None]:
    """Open the RocksDB of a folder; one that is damaged is removed, for the changelog has it all.

    Returns:
        The store, and what was wrong with the one that had to go, if any had.
    """
    try:
        return RocksKeyValue(folder), None
    except Exception as error:  # rocksdict raises bare Exception
        if isinstance(error, ConfigError) or not folder.exists():
            raise
        shutil.rmtree(folder)
        return RocksKeyValue(folder), str(error)
