"""A worker's side of the consumer group: which partitions it has, and the records that come.

Assignments are eager and colocated: a worker has equal partitions of `workflow-resume` and
`workflow-scheduler`, and a rebalance takes all of them away first. Callbacks run inside of
`receive` and `tick` alone, so never between a batch and its commit. Nothing is read until `start`
gives the offsets, for the stores have to be complete first; the group sees a member that polls all
the while.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from kwf_runtime.errors import ConfigError, KwfError
from kwf_runtime.runners.kafka_config import LOG, connect, engine_consumer
from kwf_runtime.runners.kafka_topics import input_topics
from kwf_runtime.runners.records import Record

if TYPE_CHECKING:
    from kwf_runtime.settings import Settings

Part = tuple[str, int]
"""A topic and the number of one of its partitions."""

_WRONG_SETTINGS: Final = (
    KafkaError.INVALID_SESSION_TIMEOUT,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.INCONSISTENT_GROUP_PROTOCOL,
)
_GONE: Final = (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE)


class KafkaInput:
    """The consumer of one worker."""

    def __init__(self, settings: Settings, member: str, on_revoke: Callable[[bool], None]) -> None:
        """Join the group.

        Args:
            settings: Names the broker, the group and the topics.
            member: Name of this member: who comes back under it takes over from who was killed.
            on_revoke: Called when all partitions go; True if they may be others' already.
        """
        self._topics = input_topics(settings)
        self._on_revoke = on_revoke
        self._consumer = connect(settings, Consumer, engine_consumer(settings, member))
        self.assigned: frozenset[int] | None = None
        self.revision = 0
        self.positions: dict[Part, int] = {}
        self._at_end: set[Part] = set()
        self._read_until_ms: dict[Part, int] = {}
        self._consumer.subscribe(
            list(self._topics), on_assign=self._assign, on_revoke=self._revoke, on_lost=self._lose
        )

    def parts(self) -> list[Part]:
        """Return the topics and partitions that this worker has."""
        return [(topic, number) for topic in self._topics for number in self.assigned or ()]

    def start(self, positions: dict[Part, int]) -> None:
        """Read from those offsets on."""
        self.positions = dict(positions)
        self._at_end.clear()
        self._read_until_ms.clear()
        self._consumer.assign([TopicPartition(*part, at) for part, at in positions.items()])

    def pause(self) -> None:
        """Read nothing until the next `start`; stay in the group."""
        self.positions.clear()
        self._consumer.assign([])

    def tick(self) -> None:
        """Stay in the group while nothing is read."""
        message = self._consumer.poll(0)
        if message is not None:
            self._check(message.error())

    def receive(self, limit: int, timeout_s: float) -> list[Record]:
        """Return what has come, waiting a little for the first; records of the scheduler first.

        Raises:
            KwfError: Records that were not applied yet are gone.
            KafkaException: The consumer is of no more use.
        """
        first = self._consumer.poll(timeout_s)
        if first is None:
            return []
        messages = [first]
        if limit > 1:
            messages += self._consumer.consume(limit - 1, 0)
        scheduled: list[Record] = []
        resumed: list[Record] = []
        scheduler = self._topics[0]
        for message in messages:
            part = (message.topic(), message.partition())
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    if part in self.positions:
                        self._at_end.add(part)
                        self.positions[part] = max(self.positions[part], message.offset())
                else:
                    self._check(error, part)
                continue
            offset = message.offset()
            # What was fetched before a rebalance is not ours to take, or comes again.
            if offset < self.positions.get(part, offset + 1):
                continue
            self._at_end.discard(part)
            self.positions[part] = offset + 1
            written_ms = message.timestamp()[1]
            self._read_until_ms[part] = written_ms
            record = Record(
                part[0],
                part[1],
                offset,
                written_ms,
                message.key(),
                message.value(),
                tuple(message.headers() or ()),
            )
            (scheduled if part[0] == scheduler else resumed).append(record)
        return scheduled + resumed

    def read_until_ms(self, number: int) -> float:
        """Return up to when a partition's records are read: later ones cannot beat its timers."""
        return min(
            math.inf
            if (topic, number) in self._at_end
            else self._read_until_ms.get((topic, number), 0)
            for topic in self._topics
        )

    def group(self) -> Any:
        """Return the group's metadata, to be taken right after the records: see `commit`."""
        return self._consumer.consumer_group_metadata()

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _check(self, error: KafkaError | None, part: Part | None = None) -> None:
        if error is None:
            return
        if error.code() in _GONE and part is not None:
            raise gap_error(*part, self.positions.get(part, -1))
        if error.code() in _WRONG_SETTINGS:
            raise ConfigError(
                f"the broker refuses this consumer: {error.str()} (see session.timeout.ms here, "
                "group.min.session.timeout.ms and the ACLs of the group there)"
            )
        # A static member may find itself fenced by its own former self after a broker's restart.
        if error.fatal() or error.code() == KafkaError._FATAL:
            raise KafkaException(error)
        LOG.warning("the consumer reports: %s", error)

    def _assign(self, consumer: Any, parts: list[TopicPartition]) -> None:
        self.revision += 1
        self.assigned = frozenset(part.partition for part in parts)
        self.positions.clear()
        consumer.assign([])
        LOG.info("partitions: %s", ", ".join(map(str, sorted(self.assigned))) or "none")

    def _revoke(self, consumer: Any, parts: list[TopicPartition]) -> None:
        self._leave(consumer, lost=False)

    def _lose(self, consumer: Any, parts: list[TopicPartition]) -> None:
        LOG.warning("the partitions were lost: this worker was away for too long")
        self._leave(consumer, lost=True)

    def _leave(self, consumer: Any, *, lost: bool) -> None:
        self.revision += 1
        self.assigned = None
        self.positions.clear()
        self._on_revoke(lost)
        consumer.unassign()


def cut_error(topic: str, number: int, offset: int, end: int) -> KwfError:
    """Return the error that says that a topic is not the one that the state belongs to."""
    return KwfError(
        f"{topic} [{number}] ends at offset {end}, but was applied up to {offset}: it was made "
        "anew or cut, and the offsets in the threads' state mean other records; use another "
        "application.id for the new topic"
    )


def gap_error(topic: str, number: int, offset: int) -> KwfError:
    """Return the error that says that records are gone which were not applied."""
    return KwfError(
        f"records of {topic} [{number}] from offset {offset} on were deleted before they were "
        "applied (retention is too short, or the topic was made anew); to go on without them, "
        "set the group's offset to the earliest one: kafka-consumer-groups --reset-offsets "
        f"--to-earliest --topic {topic}:{number} --execute"
    )
