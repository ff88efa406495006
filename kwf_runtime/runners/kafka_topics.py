"""The engine's topics: what must be there before it starts, and how they are made.

The engine itself never makes a topic: how many partitions there are is a decision for years, for a
thread's state stays in the partition that its id was hashed to.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka import admin as kafka_admin

from kwf_runtime.errors import ConfigError
from kwf_runtime.runners.base import TopicInfo
from kwf_runtime.runners.kafka_config import (
    REQUEST_TIMEOUT_S,
    BrokerError,
    admin,
    connect,
    unreachable,
)

if TYPE_CHECKING:
    from kwf_runtime.settings import Settings

# The classes lack type hints.
_API: Final[Any] = kafka_admin
_LEADER_WAIT_S: Final = 5.0
_LEADER_PAUSE_S: Final = 0.1
_LEADER_CODES: Final = (
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.UNKNOWN_LEADER_EPOCH,
)
_CHANGELOG_CONFIG: Final = {
    "cleanup.policy": "compact",
    # A restore reads what compaction has left: it should run while the topic is small, too.
    "segment.bytes": str(64 << 20),
    "min.cleanable.dirty.ratio": "0.3",
    "delete.retention.ms": str(24 * 3600 * 1000),
}


def input_topics(settings: Settings) -> tuple[str, str]:
    """Return the topics that the engine reads: the scheduler's one first."""
    return settings.scheduler_topic, settings.resume_topic


def engine_topics(settings: Settings) -> list[str]:
    """Return the topics of the engine itself, without those that workflows name."""
    return [
        settings.resume_topic,
        settings.scheduler_topic,
        settings.result_topic,
        settings.error_topic,
        settings.dead_letter_topic,
        settings.changelog_topic,
    ]


class _LeaderError(BrokerError):
    """The leader of a partition is not known, or not the one that was asked."""


class TopicAdmin:
    """Questions about topics, and their creation."""

    def __init__(self, settings: Settings) -> None:
        """Connect when the first question is asked."""
        self._settings = settings
        # Kept for as long as answers are awaited: its futures fail when it goes.
        self._admin: Any = self._connect()

    def partitions(self) -> dict[str, int]:
        """Return the number of partitions of every topic.

        Raises:
            KwfError: The broker does not answer.
        """
        return {name: len(topic.partitions) for name, topic in self._metadata().topics.items()}

    def identity(self, topic: str) -> str:
        """Return a name of this topic that one of the same name, made anew, would not have."""
        future = self._admin.describe_topics(
            TopicCollection([topic]), request_timeout=REQUEST_TIMEOUT_S
        )[topic]
        return f"{self._metadata().cluster_id}/{self._result(future).topic_id}"

    def offsets(
        self, parts: Iterable[tuple[str, int]], *, earliest: bool = False
    ) -> dict[tuple[str, int], int]:
        """Return the ends (high watermarks) of partitions; their beginnings with `earliest`.

        Raises:
            KwfError: The broker does not answer.
        """
        spec = _API.OffsetSpec.earliest() if earliest else _API.OffsetSpec.latest()
        asked = {TopicPartition(topic, number): spec for topic, number in parts}
        end_s = time.monotonic() + _LEADER_WAIT_S
        while asked:
            futures = self._admin.list_offsets(
                asked,
                isolation_level=IsolationLevel.READ_UNCOMMITTED,
                request_timeout=REQUEST_TIMEOUT_S,
            )
            try:
                return {
                    (part.topic, part.partition): self._result(future).offset
                    for part, future in futures.items()
                }
            except _LeaderError:
                # Soon after a topic was made, or a broker went, that is a matter of moments.
                if time.monotonic() > end_s:
                    raise
                time.sleep(_LEADER_PAUSE_S)
        return {}

    def group_offsets(
        self, group: str, parts: Iterable[tuple[str, int]]
    ) -> dict[tuple[str, int], int]:
        """Return the offsets that a group has committed; -1 where there is none.

        Not those of a transaction that is still open: the changelog tells how that one has ended,
        and a broker that was killed at a bad moment may wait for its end for ever.

        Raises:
            BrokerError: The broker does not answer.
        """
        asked = ConsumerGroupTopicPartitions(group, [TopicPartition(*part) for part in parts])
        if not asked.topic_partitions:
            return {}
        futures = self._admin.list_consumer_group_offsets(
            [asked], require_stable=False, request_timeout=REQUEST_TIMEOUT_S
        )
        found = self._result(futures[group]).topic_partitions
        return {(part.topic, part.partition): max(part.offset, -1) for part in found}

    def tombstone_ms(self, topic: str) -> int:
        """Return for how long the removal of a key can be seen in a compacted topic."""
        resource = _API.ConfigResource(_API.ResourceType.TOPIC, topic)
        future = self._admin.describe_configs([resource], request_timeout=REQUEST_TIMEOUT_S)
        entry = self._result(future[resource]).get("delete.retention.ms")
        return int(entry.value) if entry is not None and entry.value else 0

    def create(self, topics: Iterable[Any]) -> list[str]:
        """Make topics; return the names of those that were not there.

        Raises:
            KwfError: The broker does not answer, or refuses.
        """
        wanted, made = list(topics), list[str]()
        if not wanted:
            return made
        for name, future in self._admin.create_topics(
            wanted, operation_timeout=REQUEST_TIMEOUT_S, request_timeout=REQUEST_TIMEOUT_S
        ).items():
            try:
                future.result()
                made.append(name)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise ConfigError(
                        f"cannot create topic {name}: {error.args[0].str()}"
                    ) from error
        return made

    def describe(self) -> list[TopicInfo]:
        """Return every partition of every topic, without those of Kafka itself."""
        counts = {name: n for name, n in self.partitions().items() if not name.startswith("__")}
        parts = [(name, number) for name, count in counts.items() for number in range(count)]
        first, end = self.offsets(parts, earliest=True), self.offsets(parts)
        return [TopicInfo(*part, first[part], end[part]) for part in sorted(parts)]

    def _metadata(self) -> Any:
        try:
            return self._admin.list_topics(timeout=REQUEST_TIMEOUT_S)
        except KafkaException as error:
            self._admin = self._connect()
            raise unreachable(self._settings, error.args[0].str()) from error

    def _result(self, future: Future[Any]) -> Any:
        try:
            return future.result()
        except KafkaException as error:
            # librdkafka's admin client goes on with the leaders that it once knew, even when
            # brokers tell it that they are outdated.
            self._admin = self._connect()
            failure = unreachable(self._settings, error.args[0].str())
            if error.args[0].code() in _LEADER_CODES:
                failure = _LeaderError(str(failure))
            raise failure from error

    def _connect(self) -> Any:
        return connect(self._settings, _API.AdminClient, admin(self._settings))


def create_topics(
    settings: Settings,
    partitions: int,
    replication: int | None = None,
    *,
    outputs: Iterable[str] = (),
) -> list[str]:
    """Make the topics that are missing; those that are there stay as they are.

    Args:
        settings: Names the topics and the broker.
        partitions: Partitions of each topic: how many workers there can ever be.
        replication: Copies of each topic; the broker's default if left out.
        outputs: Topics that workflows write to.

    Returns:
        The names of the topics that were made.

    Raises:
        KwfError: The broker does not answer, or refuses.
    """
    wanted = dict.fromkeys([*engine_topics(settings), *outputs])
    client = TopicAdmin(settings)
    return client.create(
        _API.NewTopic(
            name,
            num_partitions=partitions,
            replication_factor=-1 if replication is None else replication,
            config=_CHANGELOG_CONFIG if name == settings.changelog_topic else {},
        )
        for name in wanted.keys() - client.partitions().keys()
    )


def check_topics(settings: Settings, client: TopicAdmin, outputs: Iterable[str] = ()) -> int:
    """Check that every topic is there and fits; return the number of partitions of the input.

    Raises:
        ConfigError: A topic is missing, or numbers of partitions differ.
        KwfError: The broker does not answer.
    """
    found = client.partitions()
    wanted = dict.fromkeys([*engine_topics(settings), *outputs])
    missing = [name for name in wanted if name not in found]
    if missing:
        raise ConfigError(
            f"missing topics: {', '.join(missing)}; create them with: kwf topics create"
        )
    count = found[settings.resume_topic]
    for name in (settings.scheduler_topic, settings.changelog_topic):
        if found[name] != count:
            raise ConfigError(
                f"topic {name} has {found[name]} partitions and {settings.resume_topic} has "
                f"{count}: the state of a thread stays in the partition that its id was hashed "
                "to, so the numbers must be equal and stay as they are; use another "
                "application.id and workflow.topic.prefix to move to another number"
            )
    return count
