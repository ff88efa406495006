"""The same commands on a real broker: topics made and checked, records, workers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.cli.conftest import Kwf

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60
FLOW = """\
import kwf_runtime as W


async def main(arg):
    return [arg, await W.suspend("answer")]
"""


@pytest.fixture
def props(kwf: Kwf, kafka: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Settings with names of their own, in `KWF_PROPS`; returns the topics' prefix."""
    prefix = f"t{uuid.uuid4().hex[:10]}."
    Path("my.properties").write_text(
        f"bootstrap.servers={kafka}\napplication.id={prefix}app\nworkflow.topic.prefix={prefix}\n"
        "session.timeout.ms=2000\nheartbeat.interval.ms=300\nstate.dir=/only/java/knows\n"
    )
    Path("flow.py").write_text(FLOW)
    monkeypatch.setenv("KWF_PROPS", "my.properties")
    return prefix


def test_topics_are_made_once_and_checked(kwf: Kwf, props: str) -> None:
    wrong = kwf("doctor", exit_code=1)
    assert f"missing: {props}workflow-resume" in wrong.out
    assert "(kwf topics create)" in wrong.out
    made = kwf("topics", "create", f"{props}orders", "--partitions", 3, "--replication", 1).lines
    assert f"created {props}workflow-resume, 3 partitions" in made
    assert f"created {props}orders, 3 partitions" in made
    assert kwf("topics", "create", f"{props}orders").out == ""
    sound = kwf("doctor").out
    assert "ok     topics: all 6 of the engine are there" in sound
    assert "ok     partitions: 3 each: up to 3 workers" in sound
    assert "ok     settings of topics" in sound
    assert "note   settings: my.properties:6: state.dir is left out" in sound


def test_nothing_is_sent_before_the_topics_are_made(kwf: Kwf, props: str) -> None:
    refused = kwf("start", "t1", exit_code=1)
    assert refused.err == (
        f"kwf: there is no topic {props}workflow-resume; create it with: kwf topics create\n"
    )
    assert props not in kwf("topics").out


def test_topics_are_listed_with_their_records(kwf: Kwf, props: str) -> None:
    kwf("topics", "create", "--partitions", 1)
    kwf("start", "t1")
    kwf("start", "t2")
    topics = {topic["topic"]: topic for topic in kwf("topics", "ls", "--json").json_lines}
    assert topics[f"{props}workflow-resume"] == {
        "topic": f"{props}workflow-resume",
        "partition": 0,
        "first": 0,
        "end": 2,
    }


def test_two_workers_take_events_until_a_signal(kwf: Kwf, props: str) -> None:
    kwf("topics", "create", "--partitions", 2)
    threads = [f"t{number}" for number in range(6)]
    command = [sys.executable, "-m", "kwf_runtime.cli", "run", "flow.py", "--workers", "2"]
    engine = subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True
    )
    try:
        for thread in threads:
            kwf("start", thread, "--input", f'"{thread}"')
            kwf("resume", thread, "answer", "--value", "1")
        result = kwf(
            "tail",
            f"{props}workflow-result",
            "--from-start",
            "--count",
            len(threads),
            "--timeout",
            PATIENCE_S,
        )
        engine.send_signal(signal.SIGTERM)
        _, log = engine.communicate(timeout=PATIENCE_S)
    finally:
        engine.kill()
    found = re.findall(r'^\d+:\d+\t(\w+)\t\["(\w+)",1\]$', result.out, re.MULTILINE)
    assert sorted(found) == [(thread, thread) for thread in threads]
    assert engine.returncode == 0, log
    assert log.count("listening on Kafka") == 2
    assert kwf("threads").out == ""


def test_threads_and_show_while_no_engine_runs(kwf: Kwf, props: str) -> None:
    kwf("topics", "create", "--partitions", 2)
    kwf("start", "t1")
    kwf("run", "flow.py", "--until-idle")
    assert [fields["thread"] for fields in kwf("threads", "--json").json_lines] == ["t1"]
    assert "task Task-1 waits for ref answer\n  flow.py:5 in main\n" in kwf("show", "t1").out
