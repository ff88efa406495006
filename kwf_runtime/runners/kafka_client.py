"""The client of the Kafka runner: what the command line does, engine running or not.

Threads are read from the changelog, up to its end at the moment of asking: what an engine has
committed, wherever it runs. Limits: `threads` and `thread` read whole partitions of the changelog.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from kwf_runtime.errors import KwfError
from kwf_runtime.runners.kafka_changelog import CODE, TIMER, decode_due
from kwf_runtime.runners.kafka_config import (
    BrokerError,
    client_producer,
    connect,
    reader_consumer,
    unreachable,
)
from kwf_runtime.runners.kafka_hash import partition_for
from kwf_runtime.runners.kafka_kv import MemoryKeyValue
from kwf_runtime.runners.kafka_restore import Restorer
from kwf_runtime.runners.kafka_store import PartitionStore
from kwf_runtime.runners.kafka_topics import TopicAdmin, engine_topics
from kwf_runtime.runners.records import Record
from kwf_runtime.wire import timer_prefix

if TYPE_CHECKING:
    from kwf_runtime.runners.base import Clock, TopicInfo
    from kwf_runtime.runners.envelope import ThreadRecord
    from kwf_runtime.runners.records import OutRecord
    from kwf_runtime.settings import Settings

_SEND_TIMEOUT_S: Final = 40.0
_PAGE_RECORDS: Final = 500
_SLICE_S: Final = 0.1
_TOPIC_WAIT_S: Final = 0.5


class KafkaClient:
    """Appends to topics and reads what is committed; see `base.Client`."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        """Connect when there is something to do.

        Args:
            settings: Names the broker and the topics.
            clock: The time of the records; librdkafka's own if left out.
        """
        self._settings = settings
        self._clock = clock
        self._admin = TopicAdmin(settings)
        self._single: Any = None
        self._several: Any = None
        self._found: set[str] = set()

    # --- writing

    def send(self, records: Iterable[OutRecord]) -> None:
        """See `base.Client.send`.

        Raises:
            KwfError: Nothing was written, and why.
        """
        written = list(records)
        self._check_topics({record.topic for record in written})
        if len(written) > 1:
            self._send_together(written)
        elif written:
            self._send_one(written[0])

    def _check_topics(self, topics: set[str]) -> None:
        """Refuse to write where the broker would make a topic of the engine by its own defaults.

        It would have other numbers of partitions than the rest, and no engine could start.
        """
        asked = topics - self._found
        if asked.isdisjoint(engine_topics(self._settings)):
            return
        self._found.update(self._admin.partitions())
        for topic in sorted(asked - self._found):
            if topic in engine_topics(self._settings):
                raise _missing(topic)

    def _send_one(self, record: OutRecord) -> None:
        if self._single is None:
            self._single = connect(self._settings, Producer, client_producer(self._settings))
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, message: object) -> None:
            if error is not None:
                failures.append(error)

        try:
            self._produce(self._single, record, on_delivery=delivered)
        except KafkaException as error:
            raise _refused(record.topic, error.args[0]) from error
        if self._single.flush(_SEND_TIMEOUT_S):
            self._single.purge()
            raise unreachable(self._settings, f"{record.topic} was not written")
        if failures:
            raise _refused(record.topic, failures[0])

    def _send_together(self, records: list[OutRecord]) -> None:
        topic = ""
        try:
            if self._several is None:
                name = f"{self._settings.application_id}-client-{uuid.uuid4().hex}"
                config = client_producer(self._settings, name)
                self._several = connect(self._settings, Producer, config)
                self._several.init_transactions(_SEND_TIMEOUT_S)
            self._several.begin_transaction()
            for record in records:
                topic = record.topic
                self._produce(self._several, record)
            self._several.commit_transaction(_SEND_TIMEOUT_S)
        except KafkaException as error:
            # Whatever it left open, the broker aborts; the next call has a producer of its own.
            self._several = None
            raise _refused(topic or "Kafka", error.args[0]) from error

    def _produce(self, producer: Any, record: OutRecord, **options: Any) -> None:
        if self._clock is not None:
            options["timestamp"] = self._clock()
        headers = list(record.headers)
        while True:
            try:
                producer.produce(record.topic, record.value, record.key, headers=headers, **options)
            except BufferError:
                producer.poll(_SLICE_S)
                continue
            return

    # --- reading topics

    def tail(
        self, topic: str, *, from_start: bool, count: int | None, timeout_s: float | None
    ) -> Iterator[Record]:
        """See `base.Client.tail`."""
        count_of = self._admin.partitions().get(topic)
        parts = [(topic, number) for number in range(count_of or 0)]
        # Where "the next one" begins is settled now, not at the first `next`.
        offsets = self._admin.offsets(parts, earliest=from_start)
        return self._tail(topic, offsets, count, timeout_s)

    def _tail(
        self,
        topic: str,
        offsets: dict[tuple[str, int], int],
        count: int | None,
        timeout_s: float | None,
    ) -> Iterator[Record]:
        if count is not None and count <= 0:
            return
        last_s = time.monotonic()
        while not offsets:
            if timeout_s is not None and time.monotonic() - last_s >= timeout_s:
                return
            time.sleep(min(_TOPIC_WAIT_S, _TOPIC_WAIT_S if timeout_s is None else timeout_s))
            found = range(self._admin.partitions().get(topic, 0))
            offsets = self._admin.offsets(((topic, n) for n in found), earliest=True)
        consumer = connect(self._settings, Consumer, reader_consumer(self._settings))
        try:
            consumer.assign([TopicPartition(*part, at) for part, at in offsets.items()])
            yield from _read(consumer, set(offsets), count, timeout_s)
        finally:
            consumer.close()

    # --- reading the store

    def threads(self) -> Iterator[ThreadRecord]:
        """See `base.Client.threads`."""
        for store in self._stores(None).values():
            yield from store.threads()

    def thread(self, thread_id: str) -> ThreadRecord | None:
        """See `base.Client.thread`."""
        for store in self._stores(thread_id).values():
            return store.get(thread_id)
        return None

    def timers(self, thread_id: str) -> list[tuple[int, bytes]]:
        """See `base.Client.timers`."""
        prefix = timer_prefix(thread_id)
        return sorted(
            (decode_due(value), prefix + rest)
            for store in self._stores(None).values()
            for rest, value in store.entries(TIMER + prefix)
        )

    def layouts(self) -> dict[str, bytes]:
        """See `base.Client.layouts`."""
        return {
            key.decode(): value
            for store in self._stores(None).values()
            for key, value in store.entries(CODE)
        }

    def topics(self) -> list[TopicInfo]:
        """See `base.Client.topics`."""
        return self._admin.describe()

    def close(self) -> None:
        """See `base.Client.close`."""
        self._single = self._several = None

    def _stores(self, thread_id: str | None) -> dict[int, PartitionStore]:
        """Return the stores of all partitions, or of that of a thread, as of now."""
        count = self._admin.partitions().get(self._settings.changelog_topic, 0)
        if not count:
            return {}
        numbers: Iterable[int] = range(count)
        if thread_id is not None:
            numbers = [partition_for(thread_id.encode(), count)]
        stores = {number: PartitionStore(MemoryKeyValue()) for number in numbers}
        Restorer(self._settings, self._admin).restore(stores)
        return stores


def _missing(topic: str) -> KwfError:
    return KwfError(f"there is no topic {topic}; create it with: kwf topics create")


def _refused(topic: str, error: KafkaError) -> KwfError:
    if error.code() in (KafkaError._UNKNOWN_TOPIC, KafkaError.UNKNOWN_TOPIC_OR_PART):
        return _missing(topic)
    return KwfError(f"cannot write to {topic}: {error.str()}")


def _read(
    consumer: Any, parts: set[tuple[str, int]], count: int | None, timeout_s: float | None
) -> Iterator[Record]:
    left = count
    behind = set(parts)
    last_s = time.monotonic()
    while left is None or left > 0:
        limit = _PAGE_RECORDS if left is None else min(left, _PAGE_RECORDS)
        # The first one alone: it is to be seen when it comes, not when a page is full.
        first = consumer.poll(_SLICE_S)
        page = [] if first is None else [first]
        if page and limit > 1:
            page += consumer.consume(limit - 1, 0)
        for message in page:
            error = message.error()
            if error is None:
                yield _record(message)
                left = None if left is None else left - 1
                last_s = time.monotonic()
            elif error.code() == KafkaError._PARTITION_EOF:
                behind.discard((message.topic(), message.partition()))
            elif not error.retriable():
                raise BrokerError(f"cannot read {message.topic()}: {error.str()}")
        # Silence counts only once everything that was there has been read.
        if behind:
            last_s = time.monotonic()
        elif timeout_s is not None and time.monotonic() - last_s >= timeout_s:
            return


def _record(message: Any) -> Record:
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
        tuple(message.headers() or ()),
    )
