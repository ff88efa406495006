"""The whole path as it is used: `kwf run` is one process, and this one is the service.

Every answer is sent when its question has come, so all threads but those whose questions are on the
way wait for the engine. The service works on the same processors, and its work is in the figures.
"""

from __future__ import annotations

import json
import queue
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench.engine_process import EngineProcess, running_engine, settings_for
from bench.load import COMMAND_TOPIC, Load, answer
from bench.report import spread, table
from kwf_runtime.runners.base import Client, open_client
from kwf_runtime.runners.records import OutRecord, Record
from kwf_runtime.settings import Settings

_LIMIT_S = 120.0


def run_closed(stores: Sequence[str], load: Load, rounds: int) -> str:
    """Return the table of resumes per second, and CPU µs per step of the engine's process."""
    rows = []
    for store in stores:
        figures = [_round(store, load) for _ in range(rounds)]
        rates, cpus = [one[0] for one in figures], [one[1] for one in figures]
        rows.append((f"{store}, kwf run and a service", spread(rates), f"{median(cpus):.0f}"))
    return table(("", "resumes/s", "CPU µs/step"), rows)


def _round(store: str, load: Load) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="kwf-bench-") as name:
        folder = Path(name)
        settings = settings_for(store, folder)
        with running_engine(settings, folder) as engine:
            return _serve(settings, replace(load, topic=settings.resume_topic), engine)


def _serve(settings: Settings, load: Load, engine: EngineProcess) -> tuple[float, float]:
    """Start the threads, answer their questions, and wait for their results."""
    client = open_client(settings)
    _warm_up(client, settings)
    questions = _read_aside(settings, COMMAND_TOPIC, load.resumes)
    results = client.tail(
        settings.result_topic, from_start=False, count=load.threads, timeout_s=_LIMIT_S
    )
    begin, cpu_s = time.perf_counter(), engine.cpu_s()
    client.send(load.start(number) for number in range(load.threads))
    for page in questions:
        client.send(
            OutRecord(settings.resume_topic, question.key, _answer_to(question))
            for question in page
        )
    ended = sum(1 for _ in results)
    took_s = time.perf_counter() - begin
    cpu_us = (engine.cpu_s() - cpu_s) / load.steps * 1e6
    client.close()
    if ended != load.threads:
        raise RuntimeError(f"{ended} of {load.threads} threads have ended")
    return load.resumes / took_s, cpu_us


def _warm_up(client: Client, settings: Settings) -> None:
    """Let one thread live: Kafka's group has its members then, and the engine its code."""
    results = client.tail(settings.result_topic, from_start=False, count=1, timeout_s=_LIMIT_S)
    load = Load(threads=1, awaits=1, topic=settings.resume_topic)
    client.send(replace(out, key=b"warm-up") for out in load.records())
    next(results)


def _answer_to(question: Record) -> bytes:
    ref: str = json.loads(question.value or b"")["ref"]
    return answer(int(ref.removeprefix("part-")))


def _read_aside(settings: Settings, topic: str, count: int) -> Iterator[list[Record]]:
    """Iterate over pages of what has come meanwhile, read in another OS thread."""
    client = open_client(settings)
    found: queue.SimpleQueue[Record | None] = queue.SimpleQueue()
    records = client.tail(topic, from_start=False, count=count, timeout_s=_LIMIT_S)

    def read() -> None:
        for record in records:
            found.put(record)
        found.put(None)
        client.close()

    threading.Thread(target=read).start()
    return _pages(found)


def _pages(found: queue.SimpleQueue[Record | None]) -> Iterator[list[Record]]:
    while True:
        page: list[Record] = []
        record = found.get()
        while record is not None:
            page.append(record)
            if found.empty():
                break
            record = found.get()
        if page:
            yield page
        if record is None:
            return
