"""One round of a loop on a store: the engine, or the bare loop that does the same work without it.

Every round begins with an empty store and a log that holds the whole load. The engine is the
product's own runner in this process, with its own commits.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.bare import MemoryLoop, SqliteLoop
from bench.load import COMMAND_TOPIC, Load, program
from bench.report import Sample, Watch
from kwf_runtime.runners.local import LocalRunner
from kwf_runtime.runners.memory import MemoryLog, MemoryRunner
from kwf_runtime.runners.records import OutRecord
from kwf_runtime.runners.sqlite import SqliteRunner
from kwf_runtime.runners.sqlite_client import SqliteClient
from kwf_runtime.settings import Settings

if TYPE_CHECKING:
    from bench.bare_kafka import BareLoop
    from kwf_runtime.runners.kafka import KafkaRunner

Round = Callable[[Load], Sample]

BOOTSTRAP_VARIABLE = "KAFKA_BOOTSTRAP"
PARTITIONS = 4
_LIMIT_S = 120.0
_POLL_S = 0.002


# Memory


def memory_engine(load: Load) -> Sample:
    """The engine on memory."""
    log = MemoryLog()
    log.append(load.records())
    return _run_local(MemoryRunner(program(), Settings(runner="memory"), log), load)


def memory_bare(load: Load) -> Sample:
    """The bare loop on memory."""
    loop = MemoryLoop(load, load.body_bytes())
    watch = Watch()
    loop.run()
    return watch.sample(load.steps, load.resumes)


# SQLite


def sqlite_engine(load: Load) -> Sample:
    """The engine on SQLite, synchronous=FULL."""
    with filled_database(load) as settings:
        return _run_local(SqliteRunner(program(), settings), load)


def sqlite_bare(load: Load) -> Sample:
    """The bare loop on SQLite, synchronous=FULL."""
    with filled_database(load) as settings:
        loop = SqliteLoop(settings.db, load, load.body_bytes())
        watch = Watch()
        loop.run()
        return watch.sample(load.steps, load.resumes)


@contextmanager
def filled_database(load: Load) -> Iterator[Settings]:
    """Make a file that holds the load, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="kwf-bench-") as folder:
        settings = Settings(db=str(Path(folder) / "bench.db"))
        client = SqliteClient(settings)
        client.send(load.records())
        client.close()
        yield settings


def _run_local(runner: LocalRunner, load: Load) -> Sample:
    watch = Watch()
    runner.run(True, threading.Event())
    sample = watch.sample(load.steps, load.resumes)
    runner.close()
    completed = runner.join.counters["step.completed"]
    if completed != load.threads:
        raise RuntimeError(f"{completed} of {load.threads} threads have ended")
    return sample


# Kafka


def kafka_engine(load: Load) -> Sample:
    """The engine on Kafka."""
    from kwf_runtime.runners.kafka import KafkaRunner
    from kwf_runtime.runners.kafka_topics import create_topics

    with tempfile.TemporaryDirectory(prefix="kwf-bench-") as folder:
        settings = kafka_settings(folder)
        create_topics(settings, PARTITIONS, outputs=[COMMAND_TOPIC])
        runner = KafkaRunner(program(), settings)
        try:
            with _running(lambda stop: runner.run(False, stop)):
                return _time_kafka(load, settings.resume_topic, lambda: _completed(runner))
        finally:
            runner.close()


def kafka_bare(load: Load) -> Sample:
    """The bare loop on Kafka."""
    from bench.bare_kafka import BareLoop, create_bare_topics

    with tempfile.TemporaryDirectory(prefix="kwf-bench-") as folder:
        names = create_bare_topics(_bootstrap(), f"bench-{uuid.uuid4().hex[:8]}.", PARTITIONS)
        size, final = load.body_bytes(), load.final_value
        loop: BareLoop = BareLoop(_bootstrap(), *names, Path(folder) / "store", size, final)
        with _running(loop.run):
            return _time_kafka(load, names[0], lambda: loop.ended)


def kafka_settings(folder: str) -> Settings:
    """Return settings with topics and a group of their own."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    return Settings(
        runner="kafka",
        application_id=name,
        topic_prefix=f"{name}.",
        store_dir=str(Path(folder) / "store"),
        kafka={"bootstrap.servers": _bootstrap()},
    )


def _completed(runner: KafkaRunner) -> int:
    return runner.join.counters["step.completed"]


def _bootstrap() -> str:
    try:
        return os.environ[BOOTSTRAP_VARIABLE]
    except KeyError:
        raise SystemExit(
            f"no broker: set {BOOTSTRAP_VARIABLE}, or run this under "
            "`python tests/kafka_dev.py run --port 0 -- ...`"
        ) from None


@contextmanager
def _running(run: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run a loop beside the block; what it raises, the block's end raises."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def target() -> None:
        try:
            run(stop)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        if failures:
            raise failures[0]


def _time_kafka(load: Load, topic: str, ended: Callable[[], int]) -> Sample:
    """Time a loop that runs already: its warm-up first, then the load, visible all at once."""
    producer = _producer()
    load = replace(load, topic=topic)
    warm_up = replace(load, threads=1).records()
    _produce(producer, (replace(out, key=b"warm-up") for out in warm_up))
    producer.commit_transaction()
    _wait_until(lambda: ended() == 1)
    _produce(producer, load.records())
    watch = Watch()
    producer.commit_transaction()
    _wait_until(lambda: ended() == 1 + load.threads)
    return watch.sample(load.steps, load.resumes)


def _producer() -> Any:
    from confluent_kafka import Producer

    producer: Any = Producer(
        {
            "bootstrap.servers": _bootstrap(),
            "transactional.id": f"bench-load-{uuid.uuid4().hex[:8]}",
            "partitioner": "murmur2_random",
        }
    )
    producer.init_transactions()
    return producer


def _produce(producer: Any, records: Iterable[OutRecord]) -> None:
    producer.begin_transaction()
    for out in records:
        producer.produce(out.topic, out.value, out.key)
    producer.flush()


def _wait_until(reached: Callable[[], bool]) -> None:
    limit = time.monotonic() + _LIMIT_S
    pause = threading.Event()
    while not reached():
        if time.monotonic() > limit:
            raise TimeoutError(f"the loop has not come to its end within {_LIMIT_S:g} s")
        pause.wait(_POLL_S)


ROUNDS: dict[str, tuple[Round, Round]] = {
    "memory": (memory_bare, memory_engine),
    "sqlite": (sqlite_bare, sqlite_engine),
    "kafka": (kafka_bare, kafka_engine),
}
"""By store: the bare loop, and the engine."""
