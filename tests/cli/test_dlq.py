"""`kwf dlq`: dead letters are listed, shown whole, and dropped by a further record."""

from __future__ import annotations

import pytest

from kwf_runtime.cli.dlq import DROPPED_HEADER
from kwf_runtime.runners.base import open_client
from kwf_runtime.runners.dead_letters import dead_letter
from kwf_runtime.runners.records import OutRecord, Record
from kwf_runtime.settings import Settings
from tests.cli.conftest import Kwf


@pytest.fixture
def letters(kwf: Kwf) -> None:
    """Three dead letters in the log of the current folder."""
    settings = Settings()
    refused = [
        Record("workflow-resume", 0, 7, 1, b"t1", b"not json", (("h", b"x"),)),
        Record("workflow-resume", 0, 8, 2, None, None),
        Record("workflow-scheduler", 0, 9, 3, b"\xff", b"long " * 100),
    ]
    client = open_client(settings)
    records: list[OutRecord] = [
        dead_letter(settings.dead_letter_topic, record, "bad-json", "not JSON: nonsense")
        for record in refused
    ]
    client.send(records)
    client.close()


def numbers(kwf: Kwf) -> list[object]:
    return [letter["letter"] for letter in kwf("dlq", "ls", "--json").json_lines]


def test_no_letters(kwf: Kwf) -> None:
    assert kwf("dlq").out == ""
    assert kwf("dlq", "drop", "--all").out == "dropped 0\n"


def test_ls(kwf: Kwf, letters: None) -> None:
    lines = kwf("dlq").lines
    assert lines[0].split() == ["LETTER", "WHEN", "FROM", "KEY", "REASON", "VALUE"]
    assert lines[1].endswith("workflow-resume:0:7     t1    bad-json  not json")
    assert lines[2].endswith("(null)")
    assert "\\xff" in lines[3]
    assert lines[3].endswith("long…") or lines[3].endswith("…")


def test_ls_json(kwf: Kwf, letters: None) -> None:
    first, second, _ = kwf("dlq", "ls", "--json").json_lines
    assert first.pop("timestamp")
    assert first == {
        "letter": "0:0",
        "topic": "workflow-resume",
        "partition": 0,
        "offset": 7,
        "reason": "bad-json",
        "message": "not JSON: nonsense",
        "key": "t1",
        "value": "not json",
        "headers": {"h": "x"},
    }
    assert (second["key"], second["value"]) == (None, None)


def test_show(kwf: Kwf, letters: None) -> None:
    out = kwf("dlq", "show", "0:0").out
    assert "from     workflow-resume:0:7\n" in out
    assert "reason   bad-json: not JSON: nonsense\n" in out
    assert "value    not json\n" in out
    assert "header   h=x\n" in out
    assert kwf("dlq", "show", "0:1", "--json").json_lines[0]["offset"] == 8
    assert kwf("dlq", "show", "0:99", exit_code=1).err == (
        "kwf: there is no dead letter 0:99: see kwf dlq ls\n"
    )


def test_drop(kwf: Kwf, letters: None) -> None:
    assert kwf("dlq", "drop", "0:1").out == "dropped 1\n"
    assert numbers(kwf) == ["0:0", "0:2"]
    assert "there is no dead letter 0:1" in kwf("dlq", "drop", "0:0", "0:1", exit_code=1).err
    assert numbers(kwf) == ["0:0", "0:2"]
    assert kwf("dlq", "drop", "--all").out == "dropped 2\n"
    assert numbers(kwf) == []
    record = kwf("tail", "workflow-dead-letter", "--from-start", "--count", 4, "--json").json_lines[
        3
    ]
    assert record["headers"] == {DROPPED_HEADER: "0:1"}
