"""Properties files: what is read, what is refused and with which advice, what stays secret."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kwf_runtime.errors import ConfigError
from kwf_runtime.java_properties import _INSTEAD, _UNKNOWN
from kwf_runtime.settings import Settings, load_settings, mask

Load = Callable[[str], Settings]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.delenv("KWF_PROPS", raising=False)

    def load(text: str) -> Settings:
        path = tmp_path / "streams.properties"
        path.write_bytes(text.encode())
        return load_settings(path)

    return load


def check_refused(load: Load, text: str, *parts: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(text)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_without_a_file_the_runner_is_a_sqlite_file_in_the_current_folder(load: Load) -> None:
    assert load_settings() == Settings(runner="sqlite", db="kwf.db")


def test_the_environment_names_a_file(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("workflow.db=other.db")
    monkeypatch.setenv("KWF_PROPS", str(tmp_path / "streams.properties"))
    assert load_settings().db == "other.db"


def test_every_property_of_ours(load: Load) -> None:
    settings = load(
        "workflow.runner=memory\nworkflow.db=x.db\nworkflow.store.in-memory=TRUE\n"
        "workflow.store.dir=/var/kwf\nworkflow.unmatched=dead-letter\n"
        "workflow.new.existing=replace\nworkflow.topic.prefix=it-\napplication.id=trips\n"
    )
    assert settings.runner == "memory"
    assert settings.db == "x.db"
    assert settings.store_in_memory is True
    assert settings.store_dir == "/var/kwf"
    assert settings.unmatched == "dead-letter"
    assert settings.new_existing == "replace"
    assert settings.application_id == "trips"
    assert settings.resume_topic == "it-workflow-resume"
    assert settings.result_topic == "it-workflow-result"
    assert settings.error_topic == "it-workflow-error"
    assert settings.scheduler_topic == "it-workflow-scheduler"
    assert settings.dead_letter_topic == "it-workflow-dead-letter"
    assert settings.changelog_topic == "trips-workflow-state-changelog"
    assert settings.kafka == {}


def test_a_broker_makes_it_kafka_and_the_rest_goes_to_librdkafka(load: Load) -> None:
    settings = load("bootstrap.servers=kafka:9092\nlinger.ms = 7\nworkflow.store.in-memory=false")
    assert settings.runner == "kafka"
    assert settings.kafka == {"bootstrap.servers": "kafka:9092", "linger.ms": "7"}


def test_the_files_of_the_original_work_unchanged(load: Load) -> None:
    settings = load(
        "application.id=workflow-engine-it\nbootstrap.servers=kafka:9092\n"
        "auto.offset.reset=earliest\ncache.max.bytes.buffering=0\n"
        "state.dir=/tmp/kafka-workflow/engine\nworkflow.scheduler.tick-ms=100\n"
        "main.consumer.max.poll.records=10\n"
        "partition.assignment.strategy=org.apache.kafka.clients.consumer.RangeAssignor\n"
    )
    assert settings.kafka == {"bootstrap.servers": "kafka:9092", "auto.offset.reset": "earliest"}
    assert [note.split(" is left out: ")[0].rpartition(": ")[2] for note in settings.notes] == [
        "cache.max.bytes.buffering",
        "state.dir",
        "workflow.scheduler.tick-ms",
        "main.consumer.max.poll.records",
        "partition.assignment.strategy",
    ]
    assert (
        ":5: state.dir is left out: the local stores are in workflow.store.dir"
        in (settings.notes[1])
    )


def test_lines_continued_crlf_escapes_and_a_byte_order_mark(load: Load) -> None:
    settings = load(
        "\ufeff# comment\r\nbootstrap.servers: a:1,\\\r\n   b:2\r\n\r\nsasl.username=\\u00e9\r\n"
    )
    assert settings.kafka == {"bootstrap.servers": "a:1,b:2", "sasl.username": "é"}


def test_the_last_of_equal_names_counts(load: Load) -> None:
    assert load("workflow.db=a\nworkflow.db=b").db == "b"


def test_an_unknown_property_of_ours_is_an_error_with_a_suggestion(load: Load) -> None:
    check_refused(
        load, "\n\nworkflow.unmached=ignore", "streams.properties:3:", "workflow.unmatched?"
    )
    check_refused(load, "workflow.zzz=1", "workflow.zzz", "known are workflow.runner, workflow.db")


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("workflow.runner=redis", "sqlite, kafka, postgres or memory"),
        ("workflow.store.in-memory=yes", "true or false"),
        ("workflow.unmatched=drop", "ignore, buffer or dead-letter"),
        ("workflow.new.existing=", "reject, ignore or replace"),
        ("workflow.db=", "a file name, or a URL"),
        ("workflow.topic.prefix=a b", "letters, digits"),
        ("application.id=a b", "letters, digits"),
    ],
)
def test_a_wrong_value_says_what_is_allowed(load: Load, line: str, allowed: str) -> None:
    check_refused(load, line, "streams.properties:1:", allowed)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("bootstrap.servers=", "bootstrap.servers is empty"),
        ("workflow.runner=kafka", "needs bootstrap.servers"),
        ("workflow.runner=postgres", "needs workflow.db"),
        ("a=\\u12", "streams.properties:1:"),
    ],
)
def test_what_does_not_fit_together_is_refused(load: Load, text: str, part: str) -> None:
    check_refused(load, text, part)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match="cannot read the properties file .*no.properties: No such"
    ):
        load_settings(tmp_path / "no.properties")
    binary = tmp_path / "binary.properties"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="it is not UTF-8 nor Latin-1"):
        load_settings(binary)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_text_may_have_the_encoding_of_java_and_lines_of_windows(
    tmp_path: Path, encoding: str
) -> None:
    file = tmp_path / "p.properties"
    file.write_bytes("# Größe\r\nworkflow.db=größe.db\r\n".encode(encoding))
    assert load_settings(file).db == "größe.db"


def test_secrets_never_show(load: Load) -> None:
    settings = load(
        "bootstrap.servers=k:1\nsasl.password=hunter2\nssl.key.password=hunter2\n"
        "sasl.oauthbearer.client.secret=hunter2\nssl.key.pem=hunter2\nsasl.username=ann\n"
        "workflow.db=postgres://ann:hunter2@host/db\n"
    )
    assert settings.kafka["sasl.password"] == "hunter2"
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings)
    assert "ann" in repr(settings)
    assert mask("workflow.db", settings.db) == "postgres://ann:***@host/db"


def test_librdkafka_knows_none_of_what_is_left_out() -> None:
    confluent_kafka = pytest.importorskip("confluent_kafka", reason="the kafka extra")
    # librdkafka takes this one, and warns: it means nothing here.
    for name in sorted({*_INSTEAD, *_UNKNOWN} - {"max.poll.records"}):
        with pytest.raises(
            confluent_kafka.KafkaException, match="No such configuration|not supported"
        ):
            confluent_kafka.Producer({name: "1"})
