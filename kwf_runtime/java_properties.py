"""Properties that only Kafka's Java clients and Kafka Streams know.

librdkafka refuses to start with any of them, but the `streams.properties` of a Java deployment is
full of them. Limits: a property of a Java version newer than this table goes on to librdkafka,
whose error names it.
"""

from __future__ import annotations

from typing import Final

_STREAMS_PREFIXES: Final = (
    "admin.",
    "consumer.",
    "global.consumer.",
    "main.consumer.",
    "producer.",
    "restore.consumer.",
)

_INSTEAD: Final = {
    "fetch.max.wait.ms": "librdkafka calls it fetch.wait.max.ms",
    "max.poll.records": "a batch takes what has arrived",
    "num.stream.threads": "use kwf run --workers",
    "partitioner.class": "thread ids are always hashed with murmur2, as Java producers do",
    "processing.guarantee": "it is always exactly once",
    "receive.buffer.bytes": "librdkafka calls it socket.receive.buffer.bytes",
    "sasl.jaas.config": "set sasl.mechanism, sasl.username and sasl.password",
    "send.buffer.bytes": "librdkafka calls it socket.send.buffer.bytes",
    "ssl.truststore.location": "set ssl.ca.location to a PEM file",
    "ssl.truststore.password": "set ssl.ca.location to a PEM file",
    "ssl.truststore.type": "set ssl.ca.location to a PEM file",
    "state.dir": "the local stores are in workflow.store.dir",
}

_UNKNOWN: Final = frozenset(
    {
        "acceptable.recovery.lag",
        "application.server",
        "auto.include.jmx.reporter",
        "buffer.memory",
        "buffered.records.per.partition",
        "built.in.metrics.version",
        "cache.max.bytes.buffering",
        "commit.interval.ms",
        "default.api.timeout.ms",
        "default.deserialization.exception.handler",
        "default.key.serde",
        "default.list.key.serde.inner",
        "default.list.key.serde.type",
        "default.list.value.serde.inner",
        "default.list.value.serde.type",
        "default.production.exception.handler",
        "default.timestamp.extractor",
        "default.value.serde",
        "deserialization.exception.handler",
        "dsl.store.suppliers.class",
        "ensure.explicit.internal.resource.naming",
        "exclude.internal.topics",
        "interceptor.classes",
        "key.deserializer",
        "key.serializer",
        "log.summary.interval.ms",
        "max.block.ms",
        "max.request.size",
        "max.task.idle.ms",
        "max.warmup.replicas",
        "metadata.max.idle.ms",
        "metric.reporters",
        "metrics.num.samples",
        "metrics.recording.level",
        "metrics.sample.window.ms",
        "num.standby.replicas",
        "partitioner.adaptive.partitioning.enable",
        "partitioner.availability.timeout.ms",
        "partitioner.ignore.keys",
        "poll.ms",
        "probing.rebalance.interval.ms",
        "processing.exception.handler",
        "processor.wrapper.class",
        "production.exception.handler",
        "rack.aware.assignment.non_overlap_cost",
        "rack.aware.assignment.strategy",
        "rack.aware.assignment.tags",
        "rack.aware.assignment.traffic_cost",
        "repartition.purge.interval.ms",
        "replication.factor",
        "rocksdb.config.setter",
        "sasl.client.callback.handler.class",
        "sasl.login.callback.handler.class",
        "sasl.login.class",
        "security.providers",
        "socket.connection.setup.timeout.max.ms",
        "ssl.enabled.protocols",
        "ssl.engine.factory.class",
        "ssl.keymanager.algorithm",
        "ssl.keystore.type",
        "ssl.protocol",
        "ssl.provider",
        "ssl.secure.random.implementation",
        "ssl.trustmanager.algorithm",
        "state.cleanup.delay.ms",
        "statestore.cache.max.bytes",
        "task.assignor.class",
        "task.timeout.ms",
        "throw.on.fetch.stable.offset.unsupported",
        "topology.optimization",
        "upgrade.from",
        "value.deserializer",
        "value.serializer",
        "window.size.ms",
        "windowed.inner.class.serde",
        "windowstore.changelog.additional.retention.ms",
    }
)


def reason_to_leave_out(key: str, value: str) -> str | None:
    """Return why librdkafka must not see the property; None if it may."""
    if key in _INSTEAD:
        return _INSTEAD[key]
    if key in _UNKNOWN:
        return "only Kafka's Java clients know it"
    if key.startswith(_STREAMS_PREFIXES):
        return "prefixes of Kafka Streams do not work here, write the setting without it"
    if key == "partition.assignment.strategy" and "." in value:
        return "librdkafka knows range, roundrobin and cooperative-sticky, not Java's classes"
    return None
