"""The bare loops of memory and SQLite: what the engine's stores cost without any workflow.

They read the same records as the engine, write for each a state of the same size and an output, and
commit all of it in the same transactions; the step between is nothing. What the engine is slower by
is what workflows cost. `bare_kafka` is the same for Kafka.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import apsw

from bench.load import COMMAND_TOPIC, Load
from kwf_runtime.runners.local import TURN_RECORDS
from kwf_runtime.runners.sqlite_schema import open_database, writing
from kwf_runtime.wire import RESUME_TOPIC

_Row = tuple[int, bytes, bytes]


@dataclass
class MemoryLoop:
    """A list and a dict."""

    load: Load
    body_bytes: int

    def __post_init__(self) -> None:
        self._log = [(out.key or b"", out.value or b"") for out in self.load.records()]
        self._states: dict[bytes, bytes] = {}
        self._outputs: list[tuple[bytes, bytes]] = []
        self._position = 0

    def run(self) -> None:
        """Apply all records."""
        final, size = self.load.final_value, self.body_bytes
        while self._position < len(self._log):
            rows = self._log[self._position : self._position + TURN_RECORDS]
            states: dict[bytes, bytes | None] = {}
            for key, value in rows:
                if key not in states:
                    self._states.get(key)
                states[key] = None if value == final else value.ljust(size, b".")
                self._outputs.append((key, value))
            for key, state in states.items():
                if state is None:
                    self._states.pop(key, None)  # it may have begun in this batch
                else:
                    self._states[key] = state
            self._position += len(rows)


@dataclass
class SqliteLoop:
    """The engine's own tables, written by the shortest statements that do so."""

    path: str
    load: Load
    body_bytes: int

    def run(self) -> None:
        """Apply all records of the file."""
        db = open_database(self.path, checkpoints=True)
        db.execute("INSERT INTO topic VALUES (NULL, ?, 0, 0)", (COMMAND_TOPIC,))
        self._output_topic = db.last_insert_rowid()
        self._outputs = self._position = 0
        while rows := self._read(db):
            self._commit(db, rows)
        db.close()

    def _read(self, db: apsw.Connection) -> list[_Row]:
        rows: Any = db.execute(
            "SELECT offset, key, value FROM record"
            " WHERE topic_id = (SELECT id FROM topic WHERE name = ?) AND offset >= ?"
            " ORDER BY offset LIMIT ?",
            (RESUME_TOPIC, self._position, TURN_RECORDS),
        ).fetchall()
        found: list[_Row] = rows
        return found

    def _commit(self, db: apsw.Connection, rows: list[_Row]) -> None:
        final, size = self.load.final_value, self.body_bytes
        states: dict[str, bytes | None] = {}
        outputs: list[tuple[int, int, int, bytes, bytes, None]] = []
        for offset, key, value in rows:
            name = key.decode()
            if name not in states:
                # Read as the engine does, though nothing is made of it.
                db.execute("SELECT body FROM thread WHERE id = ?", (name,)).fetchall()
            states[name] = None if value == final else value.ljust(size, b".")
            outputs.append((self._output_topic, self._outputs, 0, key, value, None))
            self._outputs += 1
            self._position = offset + 1
        with writing(db):
            db.executemany(
                "DELETE FROM thread WHERE id = ?",
                [(name,) for name, state in states.items() if state is None],
            )
            db.executemany(
                "INSERT INTO thread VALUES (?, 'main', 'waiting', NULL, 0, ?)"
                " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
                [(name, state) for name, state in states.items() if state is not None],
            )
            db.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)", outputs)
            db.execute(
                "UPDATE topic SET next_offset = ? WHERE id = ?", (self._outputs, self._output_topic)
            )
            db.execute(
                "UPDATE topic SET position = ? WHERE name = ?", (self._position, RESUME_TOPIC)
            )
