"""The checks of `kwf doctor`: what they return, and those of SQLite and of Python itself.

Limits: a check reads; the one thing it may write is what the runner itself would at its start.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from kwf_runtime.settings import Settings

Verdict = Literal["ok", "note", "wrong"]

_FIRST_SOUND_SQLITE: Final = (3, 51, 3)
_MANY_WAL_BYTES: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found; "note" is worth knowing, "wrong" has to be mended."""

    name: str
    verdict: Verdict
    finding: str
    advice: str = ""


def check_all(settings: Settings) -> Iterator[Check]:
    """Run every check that fits the settings."""
    yield Check("python", "ok", f"{platform.python_version()} on {sys.platform}")
    yield from check_settings(settings)
    if settings.runner == "sqlite":
        yield from check_sqlite(settings)
    elif settings.runner == "kafka":
        from kwf_runtime.cli.kafka_checks import check_kafka

        yield from check_kafka(settings)
    elif settings.runner == "memory":
        yield Check(
            "memory", "note", "threads end with the process", "name a runner that keeps them"
        )


def check_settings(settings: Settings) -> Iterator[Check]:
    """Tell where the settings come from, and what of them is left out."""
    source = "the defaults" if settings.source is None else str(settings.source)
    yield Check("settings", "ok", f"from {source}: runner {settings.runner}")
    for note in settings.notes:
        yield Check("settings", "note", note)


def check_sqlite(settings: Settings) -> Iterator[Check]:
    """Check SQLite's version, the file, and who works on it."""
    import apsw

    version = apsw.sqlite_lib_version()
    if tuple(map(int, version.split("."))) < _FIRST_SOUND_SQLITE:
        yield Check(
            "sqlite",
            "wrong",
            f"SQLite {version} can lose what it has committed (the WAL-reset bug)",
            "pip install --upgrade 'apsw>=3.51.3'",
        )
    else:
        yield Check("sqlite", "ok", f"SQLite {version}")
    path = Path(settings.db)
    if not path.exists():
        folder = path.absolute().parent
        if os.access(folder, os.W_OK):
            yield Check(
                "database", "note", f"{path} does not exist yet: the first command makes it"
            )
        else:
            yield Check(
                "database",
                "wrong",
                f"{path} cannot be made: {folder} is missing or cannot be written",
                "make the folder, or name another workflow.db",
            )
        return
    yield from _check_file(path)
    yield _check_engine(settings.db)


def _check_file(path: Path) -> Iterator[Check]:
    import apsw

    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.set_busy_timeout(5000)
        try:
            problems = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
            journal = connection.pragma("journal_mode")
            writable = not connection.readonly("main")
        finally:
            connection.close()
    except apsw.Error as error:
        yield Check(
            "database",
            "wrong",
            f"{path} cannot be read: {error}",
            "restore it from a backup, or name another workflow.db",
        )
        return
    if problems != ["ok"]:
        yield Check(
            "database",
            "wrong",
            f"{path} is damaged: {problems[0]}",
            "stop the engine and restore the file from a backup",
        )
    elif not writable:
        yield Check("database", "wrong", f"{path} cannot be written", "mend its permissions")
    else:
        yield Check(
            "database", "ok", f"{path}, {path.stat().st_size} bytes, journal mode {journal}, sound"
        )
    wal = Path(f"{path}-wal")
    if wal.exists() and wal.stat().st_size > _MANY_WAL_BYTES:
        yield Check(
            "database",
            "note",
            f"{wal} has {wal.stat().st_size} bytes",
            "something reads from the file without end: find it, and end it",
        )


def _check_engine(db: str) -> Check:
    """Tell whether an engine holds the file's lock."""
    from kwf_runtime.errors import ConfigError
    from kwf_runtime.runners.engine_lock import EngineLock

    if not Path(f"{db}.lock").exists():
        return Check("engine", "note", f"no engine runs on {db}", "start one with kwf run")
    try:
        EngineLock(db).release()
    except ConfigError as error:
        return Check("engine", "ok", str(error).partition(":")[0])
    return Check("engine", "note", f"no engine runs on {db}", "start one with kwf run")
