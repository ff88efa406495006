"""The file of the SQLite runner: how it is opened, its tables, and appending records to its log.

docs/format.md, section "Store", specifies the tables. One engine writes threads, timers and
positions; any number of processes append records and read. All of them go through `open_database`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import msgpack

from kwf_runtime.errors import ConfigError
from kwf_runtime.runners.records import Headers, OutRecord, Record

SCHEMA_VERSION = 1
APPLICATION_ID = 0x4B574631  # "KWF1"
_BUSY_TIMEOUT_MS = 30_000

_SCHEMA = """
CREATE TABLE topic (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    next_offset INTEGER NOT NULL,
    position INTEGER NOT NULL
) STRICT;
CREATE TABLE record (
    topic_id INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    timestamp_ms INTEGER NOT NULL,
    key BLOB,
    value BLOB,
    headers BLOB,
    PRIMARY KEY (topic_id, offset)
) STRICT, WITHOUT ROWID;
CREATE TABLE thread (
    id TEXT PRIMARY KEY,
    workflow TEXT NOT NULL,
    status TEXT NOT NULL,
    wake_ms INTEGER,
    calling INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX thread_wake ON thread (wake_ms) WHERE wake_ms IS NOT NULL;
CREATE INDEX thread_parked ON thread (id) WHERE status = 'parked';
CREATE INDEX thread_calling ON thread (id) WHERE calling = 1;
CREATE TABLE timer (
    key BLOB PRIMARY KEY,
    due_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX timer_due ON timer (due_ms);
CREATE TABLE layout (
    code_id TEXT PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;
"""


def open_database(path: str, *, checkpoints: bool) -> apsw.Connection:
    """Open the file, making it if there is none.

    Args:
        path: Name of the file.
        checkpoints: Whether this connection moves the write-ahead log into the file; the engine's
            does, those of clients leave it alone.

    Raises:
        ConfigError: The file cannot be opened, is something else, or of a newer version.
    """
    if path == ":memory:":
        raise ConfigError("workflow.db=:memory: has no file to share: use workflow.runner=memory")
    try:
        connection = apsw.Connection(path)
        connection.set_busy_timeout(_BUSY_TIMEOUT_MS)
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "full")
        connection.wal_autocheckpoint(1000 if checkpoints else 0)
        with writing(connection):
            _create_or_check(connection, path)
    except apsw.CantOpenError as error:
        folder = Path(path).resolve().parent
        advice = "" if folder.is_dir() else f": there is no folder {folder}"
        raise ConfigError(f"cannot open the database {path}{advice} ({error})") from error
    except apsw.NotADBError as error:
        raise ConfigError(f"{path} is not an SQLite database: name another workflow.db") from error
    except apsw.ReadOnlyError as error:
        raise ConfigError(f"cannot write the database {path}: {error}") from error
    return connection


@contextmanager
def writing(connection: apsw.Connection) -> Iterator[None]:
    """Run the body in one write transaction: committed if it ends, rolled back if it raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A failed COMMIT may have rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def append_records(
    connection: apsw.Connection, records: Iterable[OutRecord], timestamp_ms: int
) -> None:
    """Append records to their topics, inside a write transaction of the caller."""
    ends: dict[str, list[int]] = {}
    rows: list[tuple[int, int, int, bytes | None, bytes | None, bytes | None]] = []
    for out in records:
        end = ends.get(out.topic)
        if end is None:
            ends[out.topic] = end = list(topic_end(connection, out.topic))
        headers = encode_headers(out.headers)
        rows.append((end[0], end[1], timestamp_ms, out.key, out.value, headers))
        end[1] += 1
    connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.executemany(
        "UPDATE topic SET next_offset = ?2 WHERE id = ?1", [tuple(end) for end in ends.values()]
    )


def topic_end(connection: apsw.Connection, name: str) -> tuple[int, int]:
    """Return the id of a topic, which is made if need be, and the offset of its next record."""
    row: tuple[int, int] | None = connection.execute(
        "SELECT id, next_offset FROM topic WHERE name = ?", (name,)
    ).get
    if row is not None:
        return row
    connection.execute("INSERT INTO topic VALUES (NULL, ?, 0, 0)", (name,))
    return connection.last_insert_rowid(), 0


def read_records(
    connection: apsw.Connection, topic: str, offset: int, limit: int, limit_bytes: int
) -> list[Record]:
    """Return records of a topic from that offset on, up to a number and about so many bytes."""
    records: list[Record] = []
    size = 0
    rows = connection.execute(
        "SELECT offset, timestamp_ms, key, value, headers FROM record"
        " WHERE topic_id = (SELECT id FROM topic WHERE name = ?) AND offset >= ?"
        " ORDER BY offset LIMIT ?",
        (topic, offset, limit),
    )
    for at, timestamp_ms, key, value, headers in rows:
        records.append(Record(topic, 0, at, timestamp_ms, key, value, decode_headers(headers)))
        size += len(key or b"") + len(value or b"") + len(headers or b"")
        if size >= limit_bytes:
            rows.close()
            break
    return records


def encode_headers(headers: Headers) -> bytes | None:
    """Return the headers as they are in a row: msgpack, or nothing for none."""
    if not headers:
        return None
    data: bytes = msgpack.packb(headers, use_bin_type=True)
    return data


def decode_headers(data: bytes | None) -> Headers:
    """Read what `encode_headers` returned."""
    if data is None:
        return ()
    headers: Headers = msgpack.unpackb(data, raw=False, use_list=False)
    return headers


def _create_or_check(connection: apsw.Connection, path: str) -> None:
    application_id = connection.pragma("application_id")
    version = connection.pragma("user_version")
    if application_id == 0 and version == 0:
        if connection.execute("SELECT count(*) FROM sqlite_master").get:
            raise ConfigError(f"{path} is a database of something else: name another workflow.db")
        connection.execute(_SCHEMA)
        connection.pragma("application_id", APPLICATION_ID)
        connection.pragma("user_version", SCHEMA_VERSION)
    elif application_id != APPLICATION_ID:
        raise ConfigError(f"{path} is a database of something else: name another workflow.db")
    elif version != SCHEMA_VERSION:
        raise ConfigError(
            f"{path} has schema version {version}, this kwf knows {SCHEMA_VERSION}: "
            "use the version of kwf that made it, or a newer one"
        )
