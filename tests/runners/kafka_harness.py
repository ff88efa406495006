"""The contract suite's harness of the Kafka runner: fresh topics, group and folder in each test."""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from kwf_runtime.core.engine import Program
from kwf_runtime.runners.base import Client
from kwf_runtime.runners.kafka import KafkaRunner
from kwf_runtime.runners.kafka_client import KafkaClient
from kwf_runtime.runners.kafka_topics import TopicAdmin, create_topics
from kwf_runtime.settings import Settings
from tests.runners.harness import Harness

PARTITIONS = 2


class OffsetClock:
    """The real time, and what a test has added to it."""

    def __init__(self) -> None:
        self.added_ms = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self.added_ms


class KafkaHarness(Harness):
    def __init__(self, folder: Path, settings: Settings) -> None:
        super().__init__(folder, settings)
        self.clock = OffsetClock()
        create_topics(settings, PARTITIONS)

    def open_runner(self, program: Program) -> KafkaRunner:
        wanted = {
            topic for flow in program.workflows.values() for topic in flow.config.output_topics
        }
        missing = wanted - TopicAdmin(self.settings).partitions().keys()
        if missing:
            create_topics(self.settings, PARTITIONS, outputs=sorted(missing))
        return KafkaRunner(program, self.settings, clock=self.clock, limits=self.limits)

    def open_client(self) -> Client:
        return KafkaClient(self.settings, clock=self.clock)

    def advance(self, ms: int) -> None:
        self.clock.added_ms += ms


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
                "session.timeout.ms": "2000",
                "heartbeat.interval.ms": "300",
            },
        ),
    )
