"""Records in and out: start, resume, cancel, retry, send, tail, topics."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from kwf_runtime.cli.send import parse_line
from kwf_runtime.runners.records import OutRecord
from tests.cli.conftest import Kwf, Result


def sent(kwf: Kwf, topic: str = "workflow-resume") -> list[tuple[object, object]]:
    return [(r["key"], r["value"]) for r in tail(kwf, topic).json_lines]


def tail(kwf: Kwf, topic: str, *options: object) -> Result:
    return kwf("tail", topic, "--from-start", "--timeout", 0, "--json", *options)


def test_start_sends_a_new_record_and_prints_it(kwf: Kwf) -> None:
    assert kwf("start", "t1").out == "workflow-resume t1 new:null\n"
    assert kwf("start", "t2", "--input", ' {"a": [1, "é"]} ').out == (
        'workflow-resume t2 new:{"a":[1,"é"]}\n'
    )
    kwf("start", "t3", "--workflow", "trip", "--input", '"x"')
    assert sent(kwf) == [("t1", "new:null"), ("t2", 'new:{"a":[1,"é"]}'), ("t3", 'new@trip:"x"')]


def test_resume_sends_a_value_or_an_error(kwf: Kwf) -> None:
    kwf("resume", "t1", "0:1", "--value", '{"ok": true}')
    kwf("resume", "t1", "approval", "--error", '"no"')
    assert sent(kwf) == [
        ("t1", '{"ref":"0:1","value":{"ok":true}}'),
        ("t1", '{"ref":"approval","error":"no"}'),
    ]


def test_a_string_without_quotes_gets_the_advice(kwf: Kwf) -> None:
    assert "needs its quotes" in kwf("resume", "t1", "r", "--value", "yes", exit_code=2).err


def test_cancel_and_retry_are_records_with_a_header(kwf: Kwf) -> None:
    assert kwf("cancel", "t1").out == "asked to cancel t1\n"
    result = kwf("retry", "t1")
    assert "not known yet, not parked" in result.err
    records = tail(kwf, "workflow-resume").json_lines
    assert [(r["key"], r["value"], r["headers"]) for r in records] == [
        ("t1", "", {"kwf-command": "cancel"}),
        ("t1", "", {"kwf-command": "retry"}),
    ]


def test_send_one_record(kwf: Kwf) -> None:
    kwf(
        "send",
        "orders",
        "--key",
        "k",
        "--value",
        "not json",
        "--header",
        "a=1",
        "--header",
        "b=x=y",
    )
    kwf("send", "orders", "--null")
    first, second = tail(kwf, "orders").json_lines
    assert (first["key"], first["value"], first["headers"]) == (
        "k",
        "not json",
        {"a": "1", "b": "x=y"},
    )
    assert (second["key"], second["value"], second["headers"]) == (None, None, {})


def test_tail_json_has_exactly_the_members_of_the_contract(kwf: Kwf) -> None:
    kwf("start", "t1")
    (record,) = tail(kwf, "workflow-resume").json_lines
    assert list(record) == ["topic", "partition", "offset", "timestamp", "key", "value", "headers"]
    assert record["topic"] == "workflow-resume"
    assert (record["partition"], record["offset"]) == (0, 0)
    assert isinstance(record["timestamp"], int)


def test_tail_ends_after_count_records_or_a_silence(kwf: Kwf) -> None:
    for number in range(3):
        kwf("start", f"t{number}")
    assert kwf("tail", "workflow-resume", "--from-start", "--count", 2).out == (
        "0:0\tt0\tnew:null\n0:1\tt1\tnew:null\n"
    )
    assert kwf("tail", "workflow-resume", "--timeout", 0).out == ""
    assert kwf("tail", "no-such-topic", "--from-start", "--timeout", 0).out == ""


def test_tail_for_people_shows_what_is_no_text(kwf: Kwf, send_lines: SendLinesProtocol) -> None:
    send_lines({"topic": "t", "key": "\udcff", "value": None})
    assert kwf("tail", "t", "--from-start", "--timeout", 0).out == "0:0\t\\xff\t(null)\n"


class SendLinesProtocol:
    def __init__(self, kwf: Kwf, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kwf = kwf
        self.monkeypatch = monkeypatch

    def __call__(self, *lines: object, exit_code: int = 0) -> Result:
        text = "".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines)
        Path("lines").write_text(text)
        with Path("lines").open() as file:
            self.monkeypatch.setattr(sys, "stdin", file)
            return self.kwf("send", "-", exit_code=exit_code)


@pytest.fixture
def send_lines(kwf: Kwf, monkeypatch: pytest.MonkeyPatch) -> SendLinesProtocol:
    return SendLinesProtocol(kwf, monkeypatch)


def test_what_tail_prints_send_takes(kwf: Kwf, send_lines: SendLinesProtocol) -> None:
    records = [
        {"topic": "a", "key": "k", "value": "v", "headers": {"h": "1", "n": None}},
        {"topic": "a", "key": None, "value": "\udcff\udc80 bytes", "headers": {"h": ["1", "2"]}},
        {"topic": "a"},
    ]
    send_lines(*records)
    printed = tail(kwf, "a")
    Path("again").mkdir()
    os.chdir("again")
    send_lines(*printed.lines)
    again = tail(kwf, "a")
    strip = [{k: v for k, v in r.items() if k != "timestamp"} for r in printed.json_lines]
    assert [{k: v for k, v in r.items() if k != "timestamp"} for r in again.json_lines] == strip
    assert [(r["key"], r["value"], r["headers"]) for r in strip] == [
        ("k", "v", {"h": "1", "n": None}),
        (None, "\udcff\udc80 bytes", {"h": ["1", "2"]}),
        (None, None, {}),
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("nonsense", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "a line is an object"),
        ('{"value": "x"}', '"topic" is missing'),
        ('{"topic": 1}', '"topic" is missing, or not a string'),
        ('{"topic": "t", "value": {"a": 1}}', '"value" is a string or null'),
        ('{"topic": "t", "key": 1}', '"key" is a string or null'),
        ('{"topic": "t", "headers": [1]}', '"headers" is an object'),
        ('{"topic": "t", "headers": {"a": 1}}', "header 'a'"),
        ('{"topic": "t", "vlaue": "x"}', "unknown member 'vlaue'"),
    ],
)
def test_a_wrong_line_is_named_and_those_before_it_are_sent(
    kwf: Kwf, send_lines: SendLinesProtocol, line: str, problem: str
) -> None:
    result = send_lines({"topic": "t", "value": "good"}, "", line, exit_code=2)
    assert "stdin:3: " in result.err
    assert problem in result.err
    assert sent(kwf, "t") == [(None, "good")]


def test_a_last_line_without_an_end_counts(kwf: Kwf, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("lines").write_text('{"topic": "t"}\n{"topic": "t", "value": "last"}')
    with Path("lines").open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        kwf("send", "-")
    assert sent(kwf, "t") == [(None, None), (None, "last")]


def test_lines_are_records() -> None:
    assert parse_line(b'{"topic":"t","key":"k","value":"v","headers":{"h":"x"},"offset":7}') == (
        OutRecord("t", b"k", b"v", (("h", b"x"),))
    )


def test_topics_lists_what_there_is(kwf: Kwf) -> None:
    assert kwf("topics").out == ""
    kwf("start", "t1")
    kwf("start", "t2")
    assert kwf("topics").lines[1].split() == ["workflow-resume", "0", "0", "2", "2"]
    assert kwf("topics", "ls", "--json").json_lines == [
        {"topic": "workflow-resume", "partition": 0, "first": 0, "end": 2}
    ]


def test_the_props_of_a_group_count_for_its_commands(kwf: Kwf) -> None:
    Path("my.properties").write_text("workflow.db=mine.db\n")
    kwf("start", "t1", "--props", "my.properties")
    assert len(kwf("topics", "--props", "my.properties", "ls", "--json").lines) == 1
    assert len(kwf("topics", "ls", "--json").lines) == 0


def test_sqlite_needs_no_topics_made(kwf: Kwf) -> None:
    assert "nothing to create" in kwf("topics", "create").out
