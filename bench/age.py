"""An old thread: are its last events as fast as its first, and has its state grown?

One thread on SQLite; the events that are timed are committed one by one, those between in batches.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.load import Load, answer, program
from bench.report import table
from kwf_runtime.runners.records import OutRecord
from kwf_runtime.runners.sqlite import SqliteRunner
from kwf_runtime.runners.sqlite_client import SqliteClient
from kwf_runtime.settings import Settings
from kwf_runtime.wire import RESUME_TOPIC


@dataclass
class _Ages:
    """What the events around some age of the thread took."""

    name: str
    cpu_us: list[float]
    wall_us: list[float]
    state_bytes: int


def run_age(awaits: int, timed: int) -> str:
    """Return the table of the first and the last `timed` of so many awaits."""
    if awaits < 2 * timed + 2:
        raise SystemExit(f"{awaits} awaits are too few to time {timed} first and {timed} last ones")
    with tempfile.TemporaryDirectory(prefix="kwf-bench-") as folder:
        settings = Settings(db=str(Path(folder) / "bench.db"))
        client = SqliteClient(settings)
        start = Load(awaits=awaits).start(0)
        answers = [OutRecord(RESUME_TOPIC, start.key, answer(n)) for n in range(awaits)]
        client.send([start, *answers])
        runner = SqliteRunner(program(), settings)
        runner.turn(1)
        ages = [_time_events(runner, client, f"first {timed}", timed)]
        # The very last one ends the thread, which is another thing.
        left = awaits - 2 * timed - 1
        while left:
            batch = min(left, 1000)
            runner.turn(batch)
            left -= batch
        ages.append(_time_events(runner, client, f"last {timed} of {awaits:,}", timed))
        runner.close()
        client.close()
    return table(
        ("events", "CPU µs, median", "wall µs, median", "state, bytes"),
        [
            (
                *(age.name, f"{median(age.cpu_us):.0f}", f"{median(age.wall_us):.0f}"),
                str(age.state_bytes),
            )
            for age in ages
        ],
    )


def _time_events(runner: SqliteRunner, client: SqliteClient, name: str, count: int) -> _Ages:
    ages = _Ages(name, [], [], 0)
    for _ in range(count):
        wall, cpu = time.perf_counter(), time.thread_time()
        runner.turn(1)
        ages.cpu_us.append((time.thread_time() - cpu) * 1e6)
        ages.wall_us.append((time.perf_counter() - wall) * 1e6)
    (record,) = client.threads()
    ages.state_bytes = len(record.state or b"")
    return ages
