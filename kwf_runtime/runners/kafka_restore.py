"""Bringing local stores up to the end of their changelog.

The end is the high watermark at the moment of asking, and the reading is read_committed: if
somebody's transaction is still open there, we wait until it has ended one way or the other. (To
stop at what is committed now would silently miss the commit that is on its way.) The end may lie
behind control records, which no consumer ever delivers: where the consumer is, its
end-of-partition events tell.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import Consumer, KafkaError, TopicPartition

from kwf_runtime.runners.kafka_config import LOG, BrokerError, connect, reader_consumer
from kwf_runtime.runners.kafka_store import PartitionStore

if TYPE_CHECKING:
    from kwf_runtime.runners.kafka_changelog import Changes
    from kwf_runtime.runners.kafka_topics import TopicAdmin
    from kwf_runtime.settings import Settings

_SLICE_RECORDS: Final = 2000
_SLICE_S: Final = 0.1
_REPORT_S: Final = 10.0


class Restorer:
    """Reads the changelog of one application."""

    def __init__(self, settings: Settings, admin: TopicAdmin) -> None:
        """Read the changelog that the settings name."""
        self._settings = settings
        self._admin = admin
        self._topic = settings.changelog_topic

    def restore(
        self, stores: dict[int, PartitionStore], *, keep_on: Callable[[], bool] = lambda: True
    ) -> bool:
        """Read what the stores lack, up to the end of the changelog as of now.

        Args:
            stores: The stores by their partitions.
            keep_on: Called between slices; False gives up.

        Returns:
            Whether the stores are complete.

        Raises:
            BrokerError: The broker does not answer, or refuses.
        """
        targets = self._admin.offsets((self._topic, number) for number in stores)
        lacking = {
            number: target
            for (_, number), target in targets.items()
            if (stores[number].offset() or 0) < target
        }
        if not lacking:
            return True
        consumer = connect(self._settings, Consumer, reader_consumer(self._settings))
        try:
            return self._read(consumer, stores, lacking, keep_on)
        finally:
            consumer.close()

    def _read(
        self,
        consumer: Any,
        stores: dict[int, PartitionStore],
        lacking: dict[int, int],
        keep_on: Callable[[], bool],
    ) -> bool:
        consumer.assign(
            [
                TopicPartition(self._topic, number, stores[number].offset() or 0)
                for number in lacking
            ]
        )
        report_at = time.monotonic() + _REPORT_S
        while lacking:
            if not keep_on():
                return False
            reached = self._slice(consumer, stores)
            for number, offset in reached.items():
                if offset >= lacking.get(number, offset + 1):
                    del lacking[number]
                    consumer.incremental_unassign([TopicPartition(self._topic, number)])
            if time.monotonic() > report_at:
                report_at += _REPORT_S
                LOG.info("restoring %d partitions of %s", len(lacking), self._topic)
        return True

    def _slice(self, consumer: Any, stores: dict[int, PartitionStore]) -> dict[int, int]:
        """Apply what has come; return how far the partitions are."""
        changes: dict[int, Changes] = {}
        reached: dict[int, int] = {}
        for message in consumer.consume(_SLICE_RECORDS, _SLICE_S):
            error = message.error()
            number: int = message.partition()
            if error is None:
                changes.setdefault(number, {})[message.key()] = message.value()
                reached[number] = message.offset() + 1
            elif error.code() == KafkaError._PARTITION_EOF:
                reached[number] = message.offset()
            elif not error.retriable():
                raise BrokerError(f"cannot restore from {self._topic}: {error.str()}")
        now_ms = time.time_ns() // 1_000_000
        for number, offset in reached.items():
            stores[number].apply(changes.get(number, {}), offset, now_ms)
        return reached
