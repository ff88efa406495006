"""One Kafka transaction: outputs, changelog and input offsets; then the local stores.

The input offsets go along with every transaction, timers' and activities' too: it is the group's
generation, checked with them, that keeps out a worker which does not know yet that its partitions
are another's.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import TopicPartition

from kwf_runtime.errors import InternalError
from kwf_runtime.runners import failpoints
from kwf_runtime.runners.kafka_changelog import (
    POSITION,
    TIMER,
    Changes,
    Position,
    encode_due,
    encode_position,
    thread_changes,
    thread_key,
)
from kwf_runtime.runners.kafka_config import message_bytes
from kwf_runtime.runners.kafka_hash import partition_for
from kwf_runtime.runners.kafka_producer import ProducerLostError, TransactionalProducer
from kwf_runtime.runners.records import OutRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka import KafkaError, Message

    from kwf_runtime.runners.batch import Batch
    from kwf_runtime.runners.kafka_input import Part
    from kwf_runtime.runners.kafka_store import StoreSet
    from kwf_runtime.runners.records import Record
    from kwf_runtime.settings import Settings

# What a record has besides its value: key, headers of the protocol, librdkafka's own bound.
_OVERHEAD_BYTES: Final = 8192
_SERVE_EVERY: Final = 500
LAYOUT_PARTITION: Final = 0


def value_bytes(settings: Settings) -> int:
    """Return how many bytes the value of a record may have."""
    return max(message_bytes(settings) - _OVERHEAD_BYTES, 1024)


@dataclass(slots=True)
class Work:
    """What one turn has done, to be committed.

    Attributes:
        batch: The join's writes.
        positions: Next offsets of all the partitions that the worker reads.
        touched: The partitions that records came from.
        forwards: Records that came to another partition than their key's.
        group: The group's metadata, taken with the records.
        layouts: Changelog records of partition 0 that no batch knows of.
    """

    batch: Batch
    positions: dict[Part, int]
    group: Any
    touched: set[int] = field(default_factory=set)
    forwards: list[Record] = field(default_factory=list)
    layouts: Changes = field(default_factory=dict)


class Committer:
    """Writes what a turn has done, to Kafka and then to the local stores."""

    def __init__(self, settings: Settings, stores: StoreSet) -> None:
        """Write to the topics that the settings name."""
        self._settings = settings
        self._stores = stores
        self._piece_bytes = value_bytes(settings)

    def commit(self, producer: TransactionalProducer, work: Work, now_ms: int) -> None:
        """Commit the work; on return it is in the local stores, too.

        Raises:
            TransactionAbortedError: Nothing was committed.
            ProducerLostError: It may have been committed, or not.
        """
        changes = self._changes(work)
        if not (changes or work.batch.outputs):
            return
        producer.begin()
        self._send(producer, work.batch.outputs, now_ms)
        for record in work.forwards:
            # With its own time: a delay counts from when the record was written.
            producer.send(
                record.topic,
                record.key,
                record.value,
                record.headers,
                timestamp_ms=record.timestamp_ms,
            )
        written = self._send_changes(producer, changes)
        failpoints.hit("before_commit")
        producer.commit(
            [
                TopicPartition(topic, number, offset)
                for (topic, number), offset in work.positions.items()
                if number in changes
            ],
            work.group,
        )
        failpoints.hit("after_commit")
        if written.keys() != changes.keys():
            raise ProducerLostError("the offsets of committed records were not reported")
        for number, part in changes.items():
            self._stores.owned[number].apply(part, written[number] + 1, now_ms)

    def _changes(self, work: Work) -> dict[int, Changes]:
        """Return the changelog's records, the position of each partition last."""
        stores, changes = self._stores, defaultdict[int, Changes](dict)
        for thread_id, record in work.batch.threads.items():
            key = thread_key(thread_id)
            number = partition_for(key[2:], stores.partitions)
            store = stores.owned.get(number)
            if store is None:
                raise InternalError(f"a step of thread {thread_id!r} of partition {number}")
            changes[number].update(thread_changes(key, record, store.head(key), self._piece_bytes))
        for timer, due_ms in work.batch.timers.items():
            number = partition_for(timer, stores.partitions)
            changes[number][TIMER + timer] = None if due_ms is None else encode_due(due_ms)
        if work.layouts:
            changes[LAYOUT_PARTITION].update(work.layouts)
        for number in changes.keys() | work.touched:
            changes[number][POSITION] = encode_position(
                Position(
                    work.positions[self._settings.resume_topic, number],
                    work.positions[self._settings.scheduler_topic, number],
                )
            )
        return dict(changes)

    def _send(self, producer: TransactionalProducer, outputs: list[OutRecord], now_ms: int) -> None:
        # The engine's own time: delays of the scheduler count from it.
        for count, out in enumerate(outputs, 1):
            producer.send(out.topic, out.key, out.value, out.headers, timestamp_ms=now_ms)
            if count % _SERVE_EVERY == 0:
                producer.serve()

    def _send_changes(
        self, producer: TransactionalProducer, changes: dict[int, Changes]
    ) -> dict[int, int]:
        """Send the changelog's records; the offset of each partition's last one comes later."""
        topic = self._settings.changelog_topic
        written: dict[int, int] = {}

        def delivered(number: int) -> Callable[[KafkaError | None, Message], None]:
            def note(error: KafkaError | None, message: Message) -> None:
                offset = message.offset()
                if error is None and offset is not None:
                    written[number] = offset

            return note

        for number, part in changes.items():
            for key, value in part.items():
                last = delivered(number) if key == POSITION else None
                producer.send(topic, key, value, partition=number, on_delivery=last)
            producer.serve()
        return written
