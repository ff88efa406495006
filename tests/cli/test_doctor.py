"""`kwf doctor`: what is wrong is found, said with advice, and counts in the exit code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from kwf_runtime.cli.checks import Check
from kwf_runtime.cli.kafka_checks import check_configs, check_partitions
from kwf_runtime.runners.engine_lock import EngineLock
from kwf_runtime.settings import Settings
from tests.cli.conftest import Kwf

KAFKA = Settings(runner="kafka", kafka={"bootstrap.servers": "localhost:1"})


def wrong(kwf: Kwf, *options: str) -> list[dict[str, object]]:
    checks = kwf("doctor", "--json", *options, exit_code=1).json_lines
    return [check for check in checks if check["verdict"] == "wrong"]


def test_before_the_first_command(kwf: Kwf) -> None:
    out = kwf("doctor").out
    assert "note   database: kwf.db does not exist yet" in out
    assert not Path("kwf.db").exists()


def test_a_sound_file(kwf: Kwf) -> None:
    kwf("start", "t1")
    lines = kwf("doctor").lines
    assert any(line.startswith("ok     sqlite: SQLite 3.") for line in lines)
    assert any("journal mode wal, sound" in line for line in lines)
    assert any("no engine runs on kwf.db" in line for line in lines)


def test_an_engine_that_runs(kwf: Kwf) -> None:
    kwf("start", "t1")
    lock = EngineLock("kwf.db")
    try:
        assert "ok     engine: another engine (pid " in kwf("doctor").out
    finally:
        lock.release()
    assert "no engine runs" in kwf("doctor").out


def test_a_sqlite_that_loses_commits(kwf: Kwf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.46.1")
    (check,) = wrong(kwf)
    assert "WAL-reset" in str(check["finding"])


def test_a_file_that_is_no_database(kwf: Kwf) -> None:
    Path("kwf.db").write_bytes(b"not a database, however long it is" * 100)
    (check,) = wrong(kwf)
    assert "cannot be read" in str(check["finding"])


def test_a_damaged_file(kwf: Kwf) -> None:
    for number in range(50):
        kwf("start", f"t{number}")
    connection = apsw.Connection("kwf.db")
    connection.pragma("wal_checkpoint(truncate)")
    connection.close()
    data = bytearray(Path("kwf.db").read_bytes())
    data[4096:] = b"\x00" * (len(data) - 4096)
    Path("kwf.db").write_bytes(data)
    checks = wrong(kwf)
    assert [check["name"] for check in checks] == ["database"]


def test_a_folder_that_is_missing(kwf: Kwf) -> None:
    Path("my.properties").write_text("workflow.db=no/such/kwf.db\n")
    (check,) = wrong(kwf, "--props", "my.properties")
    assert "is missing or cannot be written" in str(check["finding"])


def test_what_was_left_out_of_the_properties_is_a_note(kwf: Kwf) -> None:
    Path("my.properties").write_text("state.dir=/tmp\n")
    assert "note   settings: my.properties:1: state.dir is left out" in (
        kwf("doctor", "--props", "my.properties").out
    )


def test_memory_is_a_note(kwf: Kwf) -> None:
    Path("my.properties").write_text("workflow.runner=memory\n")
    assert "note   memory:" in kwf("doctor", "--props", "my.properties").out


def verdicts(checks: object) -> list[tuple[str, str]]:
    assert isinstance(checks, list)
    return [(check.name, check.verdict) for check in checks]


def test_kafka_partitions_must_be_equal() -> None:
    topics = {
        KAFKA.resume_topic: 6,
        KAFKA.scheduler_topic: 6,
        KAFKA.changelog_topic: 6,
        "other": 1,
    }
    assert verdicts(list(check_partitions(KAFKA, topics))) == [("partitions", "ok")]
    (check,) = check_partitions(KAFKA, topics | {KAFKA.changelog_topic: 4})
    assert check.verdict == "wrong"
    assert f"{KAFKA.changelog_topic} has 4" in check.finding
    assert list(check_partitions(KAFKA, {})) == []


Configs = dict[str, dict[str, str]]
GOOD: Configs = {
    KAFKA.resume_topic: {"cleanup.policy": "delete", "retention.ms": "-1"},
    KAFKA.changelog_topic: {"cleanup.policy": "compact"},
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ("settings of topics", "ok")),
        (
            {KAFKA.resume_topic: {"cleanup.policy": "compact"}},
            (KAFKA.resume_topic, "wrong"),
        ),
        (
            {KAFKA.changelog_topic: {"cleanup.policy": "compact,delete"}},
            (KAFKA.changelog_topic, "wrong"),
        ),
        (
            {KAFKA.resume_topic: {"cleanup.policy": "delete", "retention.ms": "3600000"}},
            (KAFKA.resume_topic, "note"),
        ),
        (
            {"x": {"cleanup.policy": "delete", "unclean.leader.election.enable": "true"}},
            ("x", "note"),
        ),
    ],
)
def test_kafka_settings_of_topics(change: Configs, expected: tuple[str, str]) -> None:
    assert expected in verdicts(list(check_configs(KAFKA, GOOD | change)))


def test_kafka_that_does_not_answer(kwf: Kwf, monkeypatch: pytest.MonkeyPatch) -> None:
    from kwf_runtime.runners import kafka_topics

    monkeypatch.setattr(kafka_topics, "REQUEST_TIMEOUT_S", 0.1)
    Path("my.properties").write_text("bootstrap.servers=127.0.0.1:1\n")
    (check,) = wrong(kwf, "--props", "my.properties")
    assert check["name"] == "kafka"
    assert "no answer from Kafka at 127.0.0.1:1" in str(check["finding"])


def test_a_check_is_data() -> None:
    make: Callable[..., Check] = Check
    assert make("a", "ok", "b").advice == ""


@pytest.mark.parametrize("setting", ["no.such=1", "linger.ms=soon"])
def test_settings_that_librdkafka_refuses(kwf: Kwf, setting: str) -> None:
    pytest.importorskip("confluent_kafka", reason="the kafka extra")
    Path("p").write_text(f"bootstrap.servers=127.0.0.1:1\n{setting}\n")
    refused = kwf("threads", "--props", "p", exit_code=2).err
    assert refused.startswith("kwf: p: librdkafka refuses the settings: ")
    (check,) = wrong(kwf, "--props", "p")
    assert f"kwf: {check['finding']}\n" == refused
