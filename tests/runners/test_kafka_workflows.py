"""Compiled workflows on Kafka, run by `kwf run` and killed with -9 at random."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from kwf_runtime import wire
from kwf_runtime.runners.kafka_client import KafkaClient
from kwf_runtime.runners.records import OutRecord
from kwf_runtime.settings import Settings

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
THREADS = [f"order-{number}" for number in range(40)]
FLOW = """
import asyncio
import kwf_runtime as W

W.config.output_topics.add("{prefix}steps")

async def reserve(name, done):
    W.output(name, "{prefix}steps")
    try:
        done.append(await asyncio.wait_for(W.suspend(name), 3600))
    finally:
        W.output("end of " + name, "{prefix}steps")

async def main(argument):
    done = []
    for name in ("car", "hotel", "flight"):
        await reserve(name, done)
    await asyncio.sleep(0.2)
    return done
"""


def _write_files(settings: Settings, folder: Path) -> list[str]:
    """Write the workflow and its properties; return the command that runs it."""
    source, props = folder / "booking.py", folder / "streams.properties"
    source.write_text(FLOW.format(prefix=settings.topic_prefix))
    own = {
        "application.id": settings.application_id,
        "workflow.topic.prefix": settings.topic_prefix,
        "workflow.store.dir": settings.store_dir,
        **settings.kafka,
    }
    props.write_text("".join(f"{key}={value}\n" for key, value in own.items()))
    command = [sys.executable, "-m", "kwf_runtime.cli", "run", str(source)]
    return [*command, "--props", str(props)]


def _answer(settings: Settings, stop: threading.Event) -> None:
    """The service: answers each command, once, as `read_committed` shows them."""
    client = KafkaClient(settings)
    topic, seen = f"{settings.topic_prefix}steps", set[tuple[bytes | None, bytes | None]]()
    while not stop.is_set():
        commands = client.tail(topic, from_start=True, count=None, timeout_s=0)
        answers = []
        for record in commands:
            name = (record.value or b"").decode()
            if (record.key, record.value) in seen or name.startswith("end of"):
                continue
            seen.add((record.key, record.value))
            value = wire.encode_resume(name, f"{name} ok")
            answers.append(OutRecord(settings.resume_topic, record.key, value))
        client.send(answers)


def test_killed_five_times(kafka_settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings = kafka_settings(partitions=3)
    from kwf_runtime.runners.kafka_topics import create_topics

    create_topics(settings, 3, outputs=[f"{settings.topic_prefix}steps"])
    command = _write_files(settings, tmp_path)
    client, stop, chance = KafkaClient(settings), threading.Event(), random.Random(5)
    service = threading.Thread(target=_answer, args=(settings, stop))
    service.start()
    try:
        for share in range(5):
            start = [OutRecord(settings.resume_topic, t.encode(), b"new:1") for t in THREADS]
            client.send(start[share::5])
            engine = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
            with pytest.raises(subprocess.TimeoutExpired):
                engine.wait(1.0 + chance.random())
            engine.kill()
            engine.wait()
        engine = subprocess.Popen(command, cwd=ROOT)
        results = list(
            client.tail(settings.result_topic, from_start=True, count=len(THREADS), timeout_s=40)
        )
        engine.kill()
        engine.wait()
        # What is left, if anything, is left for nobody: a last engine finds nothing to do.
        engine = subprocess.Popen([*command, "--until-idle"], cwd=ROOT)
        assert engine.wait(30) == 0
    finally:
        engine.kill()
        engine.wait()
        stop.set()
        service.join()
    expected = ["car ok", "hotel ok", "flight ok"]
    assert sorted((r.key or b"").decode() for r in results) == sorted(THREADS)
    assert all(json.loads(record.value or b"") == expected for record in results)
    topic = f"{settings.topic_prefix}steps"
    steps = Counter(
        (r.key, r.value) for r in client.tail(topic, from_start=True, count=None, timeout_s=0.5)
    )
    assert len(steps) == 6 * len(THREADS)
    assert set(steps.values()) == {1}
    for other in (settings.result_topic, settings.error_topic, settings.dead_letter_topic):
        found = list(client.tail(other, from_start=True, count=None, timeout_s=0))
        assert len(found) == (len(THREADS) if other == settings.result_topic else 0)
    assert list(client.threads()) == []
