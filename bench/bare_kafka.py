"""The bare Kafka loop: what the engine's transport costs without any workflow.

It consumes the same records as the engine, writes a state of the same size for each (changelog and
local store), an output for each, and commits all of it in the same transactions; the step between
is nothing. What the engine is slower by is what workflows cost.

Limits: one worker that owns every partition, no rebalance, no recovery: never use it for real.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka import admin as kafka_admin
from rocksdict import Options, Rdict, WriteBatch

BATCH_RECORDS = 1000
WAIT_S = 0.2


@dataclass
class BareLoop:
    """Consume, store, produce, commit; one transaction for what has come.

    Attributes:
        bootstrap: `bootstrap.servers`.
        source: Topic of the records; its keys name the states.
        output: Topic of the outputs.
        changelog: Compacted topic of the states, with the partitions of `source`.
        folder: Folder of the local store.
        state_bytes: Size of the state that each record writes.
        final_value: A record with this value removes its state, as the last event of a thread does.
        applied: How many records are committed.
        ended: How many states the commits have removed.
    """

    bootstrap: str
    source: str
    output: str
    changelog: str
    folder: Path
    state_bytes: int = 500
    final_value: bytes = b"end"
    applied: int = 0
    ended: int = 0
    group: str = field(default_factory=lambda: f"bare-{uuid.uuid4().hex[:8]}")

    def run(self, stop: threading.Event, records: int | None = None) -> None:
        """Run until `stop` is set, or until so many records have been applied."""
        consumer: Any = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": self.group,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 100,
            }
        )
        producer: Any = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "transactional.id": self.group,
                "partitioner": "murmur2_random",
                "retry.backoff.ms": 2,
                "transaction.timeout.ms": 10_000,
            }
        )
        producer.init_transactions()
        store = Rdict(str(self.folder), Options(raw_mode=True))
        consumer.subscribe([self.source])
        try:
            while not stop.is_set() and (records is None or self.applied < records):
                first = consumer.poll(WAIT_S)
                if first is None:
                    continue
                messages = [first, *consumer.consume(BATCH_RECORDS - 1, 0)]
                self._commit(consumer, producer, store, messages)
        finally:
            consumer.close()
            store.close()

    def _commit(self, consumer: Any, producer: Any, store: Rdict, messages: list[Any]) -> None:
        group = consumer.consumer_group_metadata()
        states: dict[bytes, tuple[int, bytes | None]] = {}
        offsets: dict[int, int] = {}
        producer.begin_transaction()
        for message in messages:
            if message.error() is not None:
                raise RuntimeError(f"the bare loop cannot go on: {message.error()}")
            key, value, partition = message.key(), message.value(), message.partition()
            # Read as the engine does, though nothing is made of it.
            if key not in states:
                store.get(key)
            state = None if value == self.final_value else value.ljust(self.state_bytes, b".")
            states[key] = (partition, state)
            offsets[partition] = message.offset() + 1
            producer.produce(self.output, value, key)
        for key, (partition, state) in states.items():
            producer.produce(self.changelog, state, key, partition)
        producer.poll(0)
        producer.send_offsets_to_transaction(
            [TopicPartition(self.source, number, offset) for number, offset in offsets.items()],
            group,
        )
        producer.commit_transaction()
        batch = WriteBatch(raw_mode=True)
        for key, (_, state) in states.items():
            if state is None:
                batch.delete(key)
            else:
                batch.put(key, state)
        store.write(batch)
        self.applied += len(messages)
        self.ended += sum(state is None for _, state in states.values())


def create_bare_topics(bootstrap: str, prefix: str, partitions: int) -> tuple[str, str, str]:
    """Make the topics of a bare loop; return source, output and changelog."""
    names = (f"{prefix}source", f"{prefix}output", f"{prefix}changelog")
    api: Any = kafka_admin  # its classes lack type hints
    admin = api.AdminClient({"bootstrap.servers": bootstrap})
    futures = admin.create_topics(
        [
            api.NewTopic(names[0], num_partitions=partitions),
            api.NewTopic(names[1], num_partitions=partitions),
            api.NewTopic(names[2], num_partitions=partitions, config={"cleanup.policy": "compact"}),
        ]
    )
    for future in futures.values():
        future.result()
    return names
