"""The checks of `kwf doctor` on Kafka: broker, topics, and the settings that promises rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from kwf_runtime.cli.checks import Check
from kwf_runtime.errors import ConfigError, KwfError

if TYPE_CHECKING:
    from kwf_runtime.settings import Settings

_TIMEOUT_S: Final = 10.0
_MS_PER_DAY: Final = 24 * 3600 * 1000
_SHORT_RETENTION_MS: Final = 7 * _MS_PER_DAY


def check_kafka(settings: Settings) -> Iterator[Check]:
    """Check that the broker answers, and that the engine's topics are there and fit."""
    try:
        from kwf_runtime.runners.kafka_topics import TopicAdmin, engine_topics
    except ModuleNotFoundError as error:
        yield Check("kafka", "wrong", f"{error.name} is not installed", "pip install 'kwf[kafka]'")
        return
    servers = settings.kafka["bootstrap.servers"]
    try:
        client = TopicAdmin(settings)
        partitions = client.partitions()
    except KwfError as error:
        advice = "start the broker, or mend bootstrap.servers"
        yield Check("kafka", "wrong", str(error), "" if isinstance(error, ConfigError) else advice)
        return
    yield Check("kafka", "ok", f"{servers} answers, {len(partitions)} topics")
    wanted = engine_topics(settings)
    missing = [name for name in wanted if name not in partitions]
    if missing:
        yield Check("topics", "wrong", f"missing: {', '.join(missing)}", "kwf topics create")
    else:
        yield Check("topics", "ok", f"all {len(wanted)} of the engine are there")
    yield from check_partitions(settings, partitions)
    present = [name for name in wanted if name in partitions]
    yield from check_configs(settings, _describe(settings, present))
    yield Check(
        "partitioner",
        "note",
        "thread ids are hashed with murmur2, as Java producers do",
        "other librdkafka producers need partitioner=murmur2_random",
    )


def check_partitions(settings: Settings, partitions: Mapping[str, int]) -> Iterator[Check]:
    """Check that a thread's state and events are in partitions of the same number."""
    count = partitions.get(settings.resume_topic)
    if count is None:
        return
    differing = [
        f"{name} has {partitions[name]}"
        for name in (settings.scheduler_topic, settings.changelog_topic)
        if partitions.get(name, count) != count
    ]
    if differing:
        yield Check(
            "partitions",
            "wrong",
            f"{settings.resume_topic} has {count}, but {', '.join(differing)}",
            "the numbers must be equal: a thread's state stays in the partition of its events",
        )
    else:
        yield Check("partitions", "ok", f"{count} each: up to {count} workers")


def check_configs(settings: Settings, configs: Mapping[str, Mapping[str, str]]) -> Iterator[Check]:
    """Check the topics' settings, given by topic and name."""
    wrong = 0
    for name, config in configs.items():
        compacted = "compact" in config.get("cleanup.policy", "")
        if name == settings.changelog_topic and config.get("cleanup.policy") != "compact":
            wrong += 1
            yield Check(
                name,
                "wrong",
                f"cleanup.policy={config.get('cleanup.policy')}: state that is old gets lost",
                f"kafka-configs --alter --topic {name} --add-config cleanup.policy=compact",
            )
        if name in (settings.resume_topic, settings.scheduler_topic) and compacted:
            wrong += 1
            yield Check(
                name,
                "wrong",
                "it is compacted: of several events for a thread only the last one stays",
                f"kafka-configs --alter --topic {name} --add-config cleanup.policy=delete",
            )
        retention_ms = int(config.get("retention.ms", -1))
        if name == settings.resume_topic and 0 <= retention_ms < _SHORT_RETENTION_MS:
            yield Check(
                name,
                "note",
                f"retention.ms={retention_ms}: events are gone after "
                f"{retention_ms / _MS_PER_DAY:.1f} days, read or not",
                "an engine must not be down for as long",
            )
        if config.get("unclean.leader.election.enable") == "true":
            yield Check(
                name,
                "note",
                "unclean.leader.election.enable=true: a committed record can get lost",
                "turn it off",
            )
    if not wrong and configs:
        yield Check("settings of topics", "ok", "clean-up policies fit")


def _describe(settings: Settings, topics: list[str]) -> dict[str, dict[str, str]]:
    """Return the settings of topics, as the broker has them."""
    from confluent_kafka import admin as kafka_admin

    from kwf_runtime.runners.kafka_config import admin, connect

    if not topics:
        return {}
    kafka: Any = kafka_admin  # its stubs do not export what its documentation names
    client = connect(settings, kafka.AdminClient, admin(settings))
    asked = [kafka.ConfigResource(kafka.ResourceType.TOPIC, name) for name in topics]
    futures = client.describe_configs(asked, request_timeout=_TIMEOUT_S)
    return {
        resource.name: {
            key: str(entry.value)
            for key, entry in future.result().items()
            if entry.value is not None
        }
        for resource, future in futures.items()
    }
