"""The contract suite's harness of the Kafka runner: fresh topics, group and folder in each test."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kwf_runtime.core.engine import Program
from kwf_runtime.runners.base import Client, Clock, TopicInfo
from kwf_runtime.runners.kafka import KafkaRunner
from kwf_runtime.runners.kafka_client import KafkaClient
from kwf_runtime.runners.kafka_topics import create_topics
from kwf_runtime.runners.records import OutRecord, Record
from kwf_runtime.settings import Settings
from tests.runners.harness import Harness, ManualClock

# One, so that a topic has one order, as on the other runners; test_kafka_runner.py has several.
PARTITIONS = 1
ENGINE_TOPIC = "workflow-"


class FreshClient(KafkaClient):
    """A client that sees the engine's topics without their prefix, and the others as empty.

    Topics that workflows name have no prefix: what earlier tests have written there is left out.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock=clock)
        self.prefix = settings.topic_prefix
        counts = self._admin.partitions().items()
        # A test's own topics begin with its run; a broker may have hundreds of other tests'.
        shared = [(name, n) for name, count in counts if "-" not in name for n in range(count)]
        self._since = self._admin.offsets(shared)

    def send(self, records: Iterable[OutRecord]) -> None:
        super().send(replace(record, topic=self._named(record.topic)) for record in records)

    def _named(self, topic: str) -> str:
        return self.prefix + topic if topic.startswith(ENGINE_TOPIC) else topic

    def tail(
        self, topic: str, *, from_start: bool, count: int | None, timeout_s: float | None
    ) -> Iterator[Record]:
        topic = self._named(topic)
        parts = [(topic, n) for n in range(self._admin.partitions().get(topic, 0))]
        offsets = self._admin.offsets(parts, earliest=from_start)
        fresh = {part: max(at, self._since.get(part, 0)) for part, at in offsets.items()}
        return self._tail(topic, fresh, count, timeout_s)

    def topics(self) -> list[TopicInfo]:
        return [
            replace(
                info,
                name=info.name.removeprefix(self.prefix),
                end=info.end - self._since.get((info.name, info.partition), 0),
            )
            for info in super().topics()
        ]


class KafkaHarness(Harness):
    def __init__(self, folder: Path, settings: Settings) -> None:
        super().__init__(folder, settings)
        # Stands still, as on the other runners; near the real time, for topics have retention.
        self.clock = ManualClock()
        self.clock.now_ms = time.time_ns() // 1_000_000
        create_topics(settings, PARTITIONS)
        self._client = FreshClient(settings, self.clock)

    def open_runner(self, program: Program) -> KafkaRunner:
        configs = [workflow.config for workflow in program.workflows.values()]
        wanted = {topic for config in configs for topic in config.output_topics}
        wanted |= {name for c in configs for name in (c.result_topic, c.error_topic) if name}
        create_topics(self.settings, PARTITIONS, outputs=sorted(wanted))
        return KafkaRunner(program, self.settings, clock=self.clock, limits=self.limits)

    def open_client(self) -> Client:
        return FreshClient(self.settings, self.clock)

    def advance(self, ms: int) -> None:
        self.clock.now_ms += ms


def open_kafka_harness(folder: Path, settings: Settings) -> Harness:
    """Open the harness on the broker of the `kafka` fixture."""
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP")
    if not bootstrap:
        pytest.skip("no Kafka broker: ask for the `kafka` fixture first")
    run = f"t{uuid.uuid4().hex[:10]}"
    return KafkaHarness(
        folder,
        replace(
            settings,
            runner="kafka",
            application_id=f"app-{run}",
            topic_prefix=f"{run}.",
            store_dir=str(folder / "store"),
            kafka={
                "bootstrap.servers": bootstrap,
                "session.timeout.ms": os.environ.get("KWF_TEST_SESSION_MS", "6000"),
                "heartbeat.interval.ms": "300",
            },
        ),
    )
