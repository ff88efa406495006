"""Trips with engine and companies as processes of their own, which are killed on the way."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from samples.conftest import Console

TRIPS = 30
BOOKED = {"car": "a red Fiat 500", "hotel": "a room with a view", "flight": "seat 12A"}
ENGINE = "kwf run workflow.py"
COMPANIES = "python services.py"


@pytest.fixture
def sample() -> Path:
    return Path(__file__).parent


def tail(console: Console, topic: str, options: str) -> list[dict[str, Any]]:
    lines = console.run(f"kwf tail {topic} --from-start --json {options}").splitlines()
    return [json.loads(line) for line in lines]


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


@pytest.mark.slow
def test_every_trip_ends_once_whoever_is_killed(console: Console) -> None:
    if console.runner == "kafka":
        topics = [f"saga-{do}-{kind}" for do in ("reserve", "cancel") for kind in BOOKED]
        console.run(f"kwf topics create {' '.join(topics)}")
    trips = [{"together": number % 2 == 0, "timeout_s": 3600} for number in range(TRIPS)]
    starts = [
        {"topic": "workflow-resume", "key": f"trip-{number}", "value": f"new:{json.dumps(trip)}"}
        for number, trip in enumerate(trips)
    ]
    (console.folder / "trips.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in starts))
    console.run("kwf send - < trips.jsonl")

    engine = console.start(ENGINE)
    tail(console, "saga-reserve-car", "--count 5")
    kill(engine)
    companies = console.start(COMPANIES)
    engine = console.start(ENGINE)
    tail(console, "workflow-result", "--count 1")
    kill(companies)
    kill(engine)
    console.start(COMPANIES)
    engine = console.start(ENGINE)
    tail(console, "saga-reserve-flight", f"--count {TRIPS - 5}")
    kill(engine)
    console.start(ENGINE)

    tail(console, "workflow-result", f"--count {TRIPS}")
    results = tail(console, "workflow-result", "--timeout 2")
    assert sorted(one["key"] for one in results) == sorted(one["key"] for one in starts)
    assert all(json.loads(one["value"]) == BOOKED for one in results)
    assert console.run("kwf threads --json") == ""
    for kind in BOOKED:
        reserved = tail(console, f"saga-reserve-{kind}", "--timeout 0.1")
        assert len({one["key"] for one in reserved}) == len(reserved) == TRIPS
        assert tail(console, f"saga-cancel-{kind}", "--timeout 0.1") == []
