"""The client of the SQLite runner: works on the file, whether an engine has it open or not."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from kwf_runtime.runners.base import Clock, TopicInfo
from kwf_runtime.runners.envelope import ThreadRecord
from kwf_runtime.runners.local import system_clock_ms
from kwf_runtime.runners.records import OutRecord, Record
from kwf_runtime.runners.sqlite_schema import append_records, open_database, read_records, writing
from kwf_runtime.wire import timer_prefix

if TYPE_CHECKING:
    from kwf_runtime.settings import Settings

_POLL_S = 0.01
_PAGE = 500
_PAGE_BYTES = 16 * 1024 * 1024


class SqliteClient:
    """Appends to the log and reads what is committed; see `base.Client`."""

    def __init__(self, settings: Settings, *, clock: Clock = system_clock_ms) -> None:
        """Open the file that the settings name, making it if there is none.

        Args:
            settings: Name of the file.
            clock: Gives records their timestamps; tests bring their own.

        Raises:
            ConfigError: The file cannot be used.
        """
        self._clock = clock
        self._db = open_database(settings.db, checkpoints=False)

    def send(self, records: Iterable[OutRecord]) -> None:
        """See `base.Client.send`."""
        written = list(records)
        with writing(self._db):
            append_records(self._db, written, self._clock())

    def tail(
        self, topic: str, *, from_start: bool, count: int | None, timeout_s: float | None
    ) -> Iterator[Record]:
        """See `base.Client.tail`."""
        offset = 0 if from_start else self._end(topic)
        return self._tail(topic, offset, count, timeout_s)

    def _end(self, topic: str) -> int:
        row = self._db.execute("SELECT next_offset FROM topic WHERE name = ?", (topic,)).get
        return 0 if row is None else row

    def _tail(
        self, topic: str, offset: int, count: int | None, timeout_s: float | None
    ) -> Iterator[Record]:
        left = count
        last_s = time.monotonic()
        while left is None or left > 0:
            version = self._data_version()
            page = read_records(
                self._db, topic, offset, _PAGE if left is None else min(left, _PAGE), _PAGE_BYTES
            )
            for record in page:
                yield record
                offset = record.offset + 1
                left = None if left is None else left - 1
                last_s = time.monotonic()
            while not page and self._data_version() == version:
                if timeout_s is not None and time.monotonic() - last_s >= timeout_s:
                    return
                time.sleep(_POLL_S)

    def _data_version(self) -> int:
        version: int = self._db.execute("PRAGMA data_version").get
        return version

    def threads(self) -> Iterator[ThreadRecord]:
        """See `base.Client.threads`."""
        last = ""
        # Page by page: a reader that stays open keeps the write-ahead log from being emptied.
        while True:
            rows = cast(
                "list[tuple[str, bytes]]",
                self._db.execute(
                    "SELECT id, body FROM thread WHERE id > ? ORDER BY id LIMIT ?", (last, _PAGE)
                ).fetchall(),
            )
            if not rows:
                return
            for thread_id, body in rows:
                yield ThreadRecord.load(thread_id, body)
            last = rows[-1][0]

    def thread(self, thread_id: str) -> ThreadRecord | None:
        """See `base.Client.thread`."""
        body = self._db.execute("SELECT body FROM thread WHERE id = ?", (thread_id,)).get
        return None if body is None else ThreadRecord.load(thread_id, body)

    def timers(self, thread_id: str) -> list[tuple[int, bytes]]:
        """See `base.Client.timers`."""
        prefix = timer_prefix(thread_id)
        rows = self._db.execute(
            "SELECT due_ms, key FROM timer WHERE key > ? AND key < ? ORDER BY due_ms, key",
            (prefix, prefix[:-1] + bytes([prefix[-1] + 1])),
        ).fetchall()
        return cast("list[tuple[int, bytes]]", rows)

    def layouts(self) -> dict[str, bytes]:
        """See `base.Client.layouts`."""
        rows = self._db.execute("SELECT code_id, body FROM layout").fetchall()
        return dict(cast("list[tuple[str, bytes]]", rows))

    def topics(self) -> list[TopicInfo]:
        """See `base.Client.topics`."""
        rows = self._db.execute(
            "SELECT name, coalesce((SELECT min(offset) FROM record WHERE topic_id = id),"
            " next_offset), next_offset FROM topic ORDER BY name"
        )
        return [TopicInfo(name, 0, first, end) for name, first, end in rows]

    def close(self) -> None:
        """See `base.Client.close`."""
        self._db.close()
