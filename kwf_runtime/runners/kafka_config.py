"""Settings of librdkafka's clients: what the user passes through, and what exactly-once needs.

The user's settings win where they are a matter of taste or size; what the engine's promises rest on
(`_OWNED`) is ours, and a different wish is logged. Every client gets a logger: librdkafka writes to
stderr otherwise.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from kwf_runtime.errors import ConfigError, KwfError

if TYPE_CHECKING:
    from kwf_runtime.settings import Settings

LOG: Final = logging.getLogger("kwf.kafka")
CLIENT_LOG: Final = logging.getLogger("kwf.kafka.client")

REQUEST_TIMEOUT_S: Final = 20.0
PARTITIONER: Final = "murmur2_random"
DEFAULT_MESSAGE_BYTES: Final = 1_000_000

Config = dict[str, Any]
_REPEAT_S: Final = 10.0
_MAX_REMEMBERED: Final = 1000


class _Calm(logging.Filter):
    """Lets a line of librdkafka through once in a while: each broken connection repeats its own."""

    def __init__(self) -> None:
        super().__init__()
        self._last_s: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to log the line."""
        text = record.getMessage()
        # One file has the settings of producers and consumers: none needs to hear of the other's.
        if "and will be ignored by this" in text:
            return False
        place = text.partition("(after")[0]
        now_s = time.monotonic()
        if now_s - self._last_s.get(place, -_REPEAT_S) < _REPEAT_S:
            return False
        if len(self._last_s) > _MAX_REMEMBERED:
            self._last_s.clear()
        self._last_s[place] = now_s
        return True


CLIENT_LOG.addFilter(_Calm())
# Where nothing else is set up, as in most commands, its lines are for nobody: errors are raised.
CLIENT_LOG.addHandler(logging.NullHandler())


class BrokerError(KwfError):
    """Kafka does not answer, or not yet; worth another try."""


_OWNED: Final = frozenset(
    {
        "auto.offset.reset",
        "enable.auto.commit",
        "enable.auto.offset.store",
        "enable.idempotence",
        "enable.partition.eof",
        "group.id",
        "group.instance.id",
        "group.protocol",
        "isolation.level",
        "partition.assignment.strategy",
        "partitioner",
        "transactional.id",
    }
)


def _client(settings: Settings, defaults: Mapping[str, object], owned: Config) -> Config:
    user = {key: value for key, value in settings.kafka.items() if key not in _OWNED}
    return {
        "client.id": settings.application_id,
        "log_level": 4,  # the broker's coming and going is not the user's business
        "log.connection.close": False,
        "error_cb": _note_error,
        **defaults,
        **user,
        **owned,
        "logger": CLIENT_LOG,
    }


def _note_error(error: object) -> None:
    CLIENT_LOG.debug("%s", error)  # what matters is raised, or logged by librdkafka, too


def warn_overridden(settings: Settings) -> None:
    """Log which of the user's settings the engine does not follow."""
    for key in sorted(_OWNED & settings.kafka.keys()):
        LOG.warning("%s is chosen by kwf: the value in the properties is not used", key)


def engine_consumer(settings: Settings, member: str) -> Config:
    """Settings of the consumer of events: a member of the engine's group, with own offsets.

    The member is a static one. So a worker that was killed gets its partitions back as soon as it
    is started again; one that has gone for good is noticed when its session ends.
    """
    owned: Config = {
        "group.instance.id": member,
        "group.id": settings.application_id,
        "group.protocol": "classic",
        "isolation.level": "read_committed",
        # Offsets are always given; one that is gone must be an error, not a silent jump.
        "auto.offset.reset": "error",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        # Equal partitions of both topics come to the same member.
        "partition.assignment.strategy": "range",
    }
    tunable = {
        "session.timeout.ms": 10_000,
        "heartbeat.interval.ms": 1000,
        "fetch.wait.max.ms": 100,
        "queued.min.messages": 2000,
        "queued.max.messages.kbytes": 4096,
    }
    return _client(settings, tunable, owned)


def reader_consumer(settings: Settings) -> Config:
    """Settings of a consumer that belongs to no group: restore, `tail`, `threads`."""
    owned: Config = {
        # librdkafka wants a group even if partitions are assigned by hand; nothing is committed.
        "group.id": f"{settings.application_id}-reader",
        "group.protocol": "classic",
        "isolation.level": "read_committed",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
    }
    tunable = {"fetch.wait.max.ms": 100, "queued.max.messages.kbytes": 16384}
    return _client(settings, tunable, owned)


def engine_producer(settings: Settings, transactional_id: str) -> Config:
    """Settings of the transactional producer of a worker."""
    owned: Config = {
        "transactional.id": transactional_id,
        "enable.idempotence": True,
        "partitioner": PARTITIONER,
    }
    tunable = {
        # The broker refuses a transaction while it still finishes the last one: ask again soon.
        "retry.backoff.ms": 2,
        "transaction.timeout.ms": 10_000,
        "linger.ms": 5,
        "queue.buffering.max.messages": 200_000,
    }
    return _client(settings, tunable, owned)


def client_producer(settings: Settings, transactional_id: str | None = None) -> Config:
    """Settings of a producer of the command line: each record, or each list of them, is awaited."""
    owned: Config = {"enable.idempotence": True, "partitioner": PARTITIONER}
    tunable = {"linger.ms": 0, "retry.backoff.ms": 5}
    if transactional_id is not None:
        owned["transactional.id"] = transactional_id
    else:
        tunable["message.timeout.ms"] = 30_000
    return _client(settings, tunable, owned)


def admin(settings: Settings) -> Config:
    """Settings of an admin client."""
    return _client(settings, {}, {})


def message_bytes(settings: Settings) -> int:
    """Return how many bytes a record may have."""
    text = settings.kafka.get("message.max.bytes", str(DEFAULT_MESSAGE_BYTES))
    try:
        return int(text)
    except ValueError as error:
        raise ConfigError(f"message.max.bytes={text} is not a number") from error


def connect(settings: Settings, kind: Callable[[Config], Any], config: Config) -> Any:
    """Return a client of librdkafka: of that kind, with what this module says about it.

    Raises:
        ConfigError: librdkafka does not take the user's settings.
    """
    from confluent_kafka import KafkaException

    try:
        return kind(config)
    except KafkaException as error:
        reason = error.args[0].str()
        raise ConfigError(
            f"{settings.source}: librdkafka refuses the settings: {reason}"
        ) from error


def unreachable(settings: Settings, error: str) -> BrokerError:
    """Return the error that says that the broker does not answer."""
    servers = settings.kafka.get("bootstrap.servers", "(no bootstrap.servers)")
    return BrokerError(f"no answer from Kafka at {servers}: {error}")
