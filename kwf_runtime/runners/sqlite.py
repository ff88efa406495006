"""The SQLite runner: log, threads, timers and positions in one file, every turn one transaction.

Durable on return of a commit (WAL, `synchronous=FULL`). Steps run before the transaction begins, so
the file is locked for the writes alone, and other processes append and read at any time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import apsw

from kwf_runtime.runners.base import Clock
from kwf_runtime.runners.engine_lock import EngineLock
from kwf_runtime.runners.envelope import ThreadRecord
from kwf_runtime.runners.local import LocalRunner, StoreBusyError, system_clock_ms
from kwf_runtime.runners.records import Record
from kwf_runtime.runners.sqlite_schema import (
    append_records,
    open_database,
    read_records,
    topic_end,
    writing,
)

if TYPE_CHECKING:
    from kwf_runtime.core.engine import Program
    from kwf_runtime.runners.batch import Batch
    from kwf_runtime.runners.calls import Codec
    from kwf_runtime.runners.stepper import Limits
    from kwf_runtime.settings import Settings

_READ_BYTES = 16 * 1024 * 1024


class SqliteLog:
    """The engine's connection to the file; see `local.LogStore`."""

    def __init__(self, path: str) -> None:
        """Open the file for the one engine that may use it.

        Raises:
            ConfigError: Another engine runs on the file, or it cannot be used.
        """
        self._lock: EngineLock | None = EngineLock(path)
        try:
            self._db = open_database(path, checkpoints=True)
        except BaseException:
            self._lock.release()
            raise
        self._data_version = -1

    def position(self, topic: str) -> int:
        """See `LogStore.position`."""
        row = self._db.execute("SELECT position FROM topic WHERE name = ?", (topic,)).get
        return 0 if row is None else row

    def end(self, topic: str) -> int:
        """See `LogStore.end`."""
        row = self._db.execute("SELECT next_offset FROM topic WHERE name = ?", (topic,)).get
        return 0 if row is None else row

    def read(self, topic: str, offset: int, limit: int) -> list[Record]:
        """See `LogStore.read`."""
        return read_records(self._db, topic, offset, limit, _READ_BYTES)

    def changed(self) -> bool:
        """See `LogStore.changed`."""
        version: int = self._db.execute("PRAGMA data_version").get
        changed: bool = version != self._data_version
        self._data_version = version
        return changed

    def get(self, thread_id: str) -> ThreadRecord | None:
        """See `Store.get`."""
        body = self._db.execute("SELECT body FROM thread WHERE id = ?", (thread_id,)).get
        return None if body is None else ThreadRecord.load(thread_id, body)

    def timer(self, key: bytes) -> int | None:
        """See `Store.timer`."""
        due_ms: int | None = self._db.execute("SELECT due_ms FROM timer WHERE key = ?", (key,)).get
        return due_ms

    def due_threads(self, now_ms: int, limit: int) -> list[tuple[int, str]]:
        """See `Store.due_threads`."""
        rows = self._db.execute(
            "SELECT wake_ms, id FROM thread WHERE wake_ms <= ? ORDER BY wake_ms LIMIT ?",
            (now_ms, limit),
        ).fetchall()
        return cast("list[tuple[int, str]]", rows)

    def due_timers(self, now_ms: int, limit: int) -> list[tuple[int, bytes]]:
        """See `Store.due_timers`."""
        rows = self._db.execute(
            "SELECT due_ms, key FROM timer WHERE due_ms <= ? ORDER BY due_ms, rowid LIMIT ?",
            (now_ms, limit),
        ).fetchall()
        return cast("list[tuple[int, bytes]]", rows)

    def next_due_ms(self) -> int | None:
        """See `Store.next_due_ms`."""
        due_ms: int | None = self._db.execute(
            "SELECT min(due_ms) FROM (SELECT min(due_ms) AS due_ms FROM timer"
            " UNION ALL SELECT min(wake_ms) FROM thread WHERE wake_ms IS NOT NULL)"
        ).get
        return due_ms

    def calling(self) -> Iterator[ThreadRecord]:
        """See `Store.calling`."""
        rows = self._db.execute("SELECT id, body FROM thread WHERE calling = 1 ORDER BY id")
        for thread_id, body in cast("list[tuple[str, bytes]]", rows.fetchall()):
            yield ThreadRecord.load(thread_id, body)

    def parked(self) -> Iterator[ThreadRecord]:
        """See `LogStore.parked`."""
        rows = self._db.execute("SELECT id, body FROM thread WHERE status = 'parked' ORDER BY id")
        for thread_id, body in cast("list[tuple[str, bytes]]", rows.fetchall()):
            yield ThreadRecord.load(thread_id, body)

    def save_layouts(self, layouts: dict[str, bytes]) -> None:
        """See `LogStore.save_layouts`."""
        with writing(self._db):
            self._db.executemany("INSERT OR REPLACE INTO layout VALUES (?, ?)", layouts.items())

    def commit(self, batch: Batch, positions: dict[str, int], now_ms: int) -> None:
        """See `LogStore.commit`."""
        removed = [(key,) for key, record in batch.threads.items() if record is None]
        written = [
            (
                key,
                record.workflow,
                record.status,
                record.wake_ms,
                int(bool(record.calls)),
                record.encode(),
            )
            for key, record in batch.threads.items()
            if record is not None
        ]
        cancelled = [(key,) for key, due_ms in batch.timers.items() if due_ms is None]
        timers = [(key, due_ms) for key, due_ms in batch.timers.items() if due_ms is not None]
        db = self._db
        try:
            with writing(db):
                db.executemany("DELETE FROM thread WHERE id = ?", removed)
                db.executemany(
                    "INSERT INTO thread VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
                    " workflow = excluded.workflow, status = excluded.status,"
                    " wake_ms = excluded.wake_ms, calling = excluded.calling, body = excluded.body",
                    written,
                )
                db.executemany("DELETE FROM timer WHERE key = ?", cancelled)
                # Replaced, not updated: timers of one due time fire in the order of their setting.
                db.executemany("INSERT OR REPLACE INTO timer VALUES (?, ?)", timers)
                append_records(db, batch.outputs, now_ms)
                for topic, position in positions.items():
                    topic_id, _ = topic_end(db, topic)
                    db.execute("UPDATE topic SET position = ? WHERE id = ?", (position, topic_id))
        except (apsw.BusyError, apsw.FullError) as error:
            raise StoreBusyError(f"cannot write {db.filename}: {error}") from error

    def close(self) -> None:
        """See `LogStore.close`."""
        self._db.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None


class SqliteRunner(LocalRunner):
    """The engine on a file of SQLite."""

    def __init__(
        self,
        program: Program,
        settings: Settings,
        *,
        clock: Clock = system_clock_ms,
        codec: Codec | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Run on the file that the settings name.

        Raises:
            ConfigError: Another engine runs on the file, or it cannot be used.
        """
        log = SqliteLog(settings.db)
        super().__init__(program, settings, log, clock=clock, codec=codec, limits=limits)
