"""The Kafka client of the command line on a real broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from kwf_runtime.errors import KwfError
from kwf_runtime.runners.kafka_client import KafkaClient
from kwf_runtime.runners.kafka_hash import partition_for
from kwf_runtime.runners.records import OutRecord
from kwf_runtime.settings import Settings

pytestmark = pytest.mark.kafka


@pytest.fixture
def settings(kafka_settings: Callable[..., Settings]) -> Settings:
    return kafka_settings(partitions=3)


@pytest.fixture
def client(settings: Settings) -> Iterator[KafkaClient]:
    opened = KafkaClient(settings)
    yield opened
    opened.close()


def _values(client: KafkaClient, topic: str) -> list[bytes | None]:
    found = client.tail(topic, from_start=True, count=None, timeout_s=0)
    return sorted(record.value for record in found if record.value is not None)


class TestSend:
    def test_to_the_partition_of_java_producers(
        self, settings: Settings, client: KafkaClient
    ) -> None:
        keys = [b"t%d" % number for number in range(20)]
        topic = settings.resume_topic
        for key in keys[:2]:
            client.send([OutRecord(topic, key, b"one")])
        client.send([OutRecord(topic, key, b"several") for key in keys[2:]])
        found = list(client.tail(topic, from_start=True, count=20, timeout_s=5))
        assert {r.key: r.partition for r in found} == {k: partition_for(k, 3) for k in keys}

    def test_keeps_nulls_empty_values_and_headers(
        self, settings: Settings, client: KafkaClient
    ) -> None:
        sent = OutRecord(settings.resume_topic, None, None, (("a", b"1"), ("a", None)))
        client.send([sent])
        client.send([OutRecord(settings.resume_topic, b"", b"")])
        found = list(client.tail(settings.resume_topic, from_start=True, count=2, timeout_s=5))
        by_key = {record.key: record for record in found}
        assert by_key[None].value is None
        assert by_key[None].headers == sent.headers
        assert by_key[b""].value == b""
        assert abs(by_key[None].timestamp_ms - time.time() * 1000) < 60_000

    @pytest.mark.parametrize("several", [False, True])
    def test_says_what_was_refused_and_writes_nothing(
        self, settings: Settings, client: KafkaClient, several: bool
    ) -> None:
        big = OutRecord(settings.resume_topic, b"t", bytes(2_000_000))
        records = [OutRecord(settings.resume_topic, b"t", b"small"), big] if several else [big]
        with pytest.raises(KwfError, match="workflow-resume.*too large"):
            client.send(records)
        client.send([OutRecord(settings.resume_topic, b"t", b"later")])
        assert _values(client, settings.resume_topic) == [b"later"]

    def test_an_iterator_that_fails_writes_nothing(
        self, settings: Settings, client: KafkaClient
    ) -> None:
        def records() -> Iterator[OutRecord]:
            yield OutRecord(settings.resume_topic, b"t", b"first")
            raise ValueError("for the test")

        with pytest.raises(ValueError, match="for the test"):
            client.send(records())
        assert _values(client, settings.resume_topic) == []

    def test_no_broker(self, settings: Settings) -> None:
        from dataclasses import replace

        nowhere = replace(
            settings, kafka={"bootstrap.servers": "127.0.0.1:1", "message.timeout.ms": "1000"}
        )
        client = KafkaClient(nowhere)
        with pytest.raises(KwfError, match=r"127\.0\.0\.1:1|workflow-resume"):
            client.send([OutRecord(nowhere.resume_topic, b"t", b"v")])


class TestTail:
    def test_from_now_on(self, settings: Settings, client: KafkaClient) -> None:
        topic = settings.result_topic
        client.send([OutRecord(topic, b"t", b"before")])
        # Now, not at the first `next`.
        records = client.tail(topic, from_start=False, count=1, timeout_s=10)
        client.send([OutRecord(topic, b"t", b"after")])
        assert [record.value for record in records] == [b"after"]

    def test_ends_after_silence(self, settings: Settings, client: KafkaClient) -> None:
        client.send([OutRecord(settings.result_topic, b"t", b"v")])
        began = time.monotonic()
        found = list(client.tail(settings.result_topic, from_start=True, count=None, timeout_s=0.5))
        assert len(found) == 1
        assert 0.5 <= time.monotonic() - began < 5

    def test_a_topic_that_comes_later(self, settings: Settings, client: KafkaClient) -> None:
        from kwf_runtime.runners.kafka_topics import create_topics

        topic = f"{settings.topic_prefix}later"
        found: list[bytes | None] = []

        def read() -> None:
            tail = client.tail(topic, from_start=False, count=1, timeout_s=20)
            found.extend(record.value for record in tail)

        reader = threading.Thread(target=read)
        reader.start()
        create_topics(settings, 1, outputs=[topic])
        other = KafkaClient(settings)
        other.send([OutRecord(topic, b"t", b"v")])
        reader.join()
        assert found == [b"v"]

    def test_nothing_of_a_topic_that_is_not_there(
        self, settings: Settings, client: KafkaClient
    ) -> None:
        tail = client.tail(
            f"{settings.topic_prefix}never", from_start=True, count=None, timeout_s=0
        )
        assert list(tail) == []


class TestQuestions:
    def test_topics(self, settings: Settings, client: KafkaClient) -> None:
        client.send([OutRecord(settings.resume_topic, b"t", b"v")])
        own = [topic for topic in client.topics() if topic.name == settings.resume_topic]
        assert [(topic.partition, topic.first, topic.end) for topic in own] == [
            (number, 0, int(number == partition_for(b"t", 3))) for number in range(3)
        ]

    def test_an_application_that_never_ran(self, kafka_settings: Callable[..., Settings]) -> None:
        client = KafkaClient(kafka_settings(partitions=0))
        assert list(client.threads()) == []
        assert client.thread("t") is None
        assert client.layouts() == {}
