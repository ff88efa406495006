"""An engine that counts, in place of workflows: what exactly-once means can be read off its output.

Each record adds one to its thread's count, and the new count goes to the result topic. So each
thread's results must be 1, 2, 3 … without a gap or a double, whatever happens to the engines. A value
`end` removes the thread, `big:<n>` gives it a state of n bytes, `slow` takes a while.

As a process: `python -m tests.runners.kafka_counter <settings as JSON> [until-idle]`.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from kwf_runtime.runners import kafka as kafka_module
from kwf_runtime.runners.batch import Batch
from kwf_runtime.runners.envelope import ThreadRecord
from kwf_runtime.runners.kafka import KafkaRunner
from kwf_runtime.runners.kafka_client import KafkaClient
from kwf_runtime.runners.records import OutRecord, Record
from kwf_runtime.settings import Settings

SLOW_S = 0.3


class CountingJoin:
    """What the runner asks of a join, for threads that are numbers."""

    def __init__(self, program: object, settings: Settings, store: Any, **options: object) -> None:
        self.codec = None
        self._settings = settings
        self._store = store

    def begin(self) -> Batch:
        return Batch()

    def committed(self, batch: Batch) -> None:
        batch.threads.clear()

    def discard(self, batch: Batch) -> None:
        """Nothing is kept between batches."""

    def clear(self) -> None:
        """Nothing is kept between batches."""

    def fire_due(self, batch: Batch, now_ms: int, limit: int = 1000) -> int:
        return 0

    def apply(self, batch: Batch, record: Record, now_ms: int) -> None:
        thread_id, value = (record.key or b"").decode(), record.value or b""
        known = thread_id in batch.threads
        current = batch.threads[thread_id] if known else self._store.get(thread_id)
        count = 1 + (0 if current is None else int((current.state or b"0").split(b" ")[0]))
        size = int(value[4:]) if value.startswith(b"big:") else 100
        if value == b"slow":
            time.sleep(SLOW_S)
        batch.threads[thread_id] = (
            None
            if value == b"end"
            else ThreadRecord(thread_id, "count", state=(b"%d " % count).ljust(size, b"x"))
        )
        batch.outputs.append(
            OutRecord(self._settings.result_topic, thread_id.encode(), b"%d" % count)
        )


def counting_runner(settings: Settings, **options: Any) -> KafkaRunner:
    kafka_module.Join = CountingJoin  # type: ignore[misc,assignment]
    try:
        return KafkaRunner(SimpleNamespace(workflows={}), settings, **options)  # type: ignore[arg-type]
    finally:
        from kwf_runtime.runners.join import Join

        kafka_module.Join = Join  # type: ignore[misc]


def send(
    client: KafkaClient, settings: Settings, threads: Iterable[str], value: str = "go"
) -> None:
    client.send([OutRecord(settings.resume_topic, t.encode(), value.encode()) for t in threads])


def counts(client: KafkaClient, settings: Settings, timeout_s: float = 0.0) -> dict[str, list[int]]:
    """The results of each thread, in the order of the log, as a read_committed consumer sees them."""
    found: dict[str, list[int]] = defaultdict(list)
    for record in client.tail(
        settings.result_topic, from_start=True, count=None, timeout_s=timeout_s
    ):
        found[(record.key or b"").decode()].append(int(record.value or b"0"))
    return dict(found)


def wait_for_counts(
    client: KafkaClient, settings: Settings, expected: int, timeout_s: float = 40.0
) -> dict[str, list[int]]:
    """The results, once there are that many of them."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        found = counts(client, settings)
        if sum(map(len, found.values())) >= expected:
            return found
    raise AssertionError(f"{sum(map(len, found.values()))} results instead of {expected}")


def main(settings_json: str, until_idle: bool) -> None:
    runner = counting_runner(Settings(**json.loads(settings_json)))
    try:
        runner.run(until_idle, threading.Event())
    finally:
        runner.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:] == ["until-idle"])
