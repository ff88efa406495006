"""The Kafka runner on a real broker: exactly once, whatever happens to the engine on its way."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from kwf_runtime.errors import ConfigError, KwfError
from kwf_runtime.runners import kafka_commit
from kwf_runtime.runners.envelope import ThreadRecord
from kwf_runtime.runners.kafka import KafkaRunner
from kwf_runtime.runners.kafka_changelog import thread_changes, thread_key
from kwf_runtime.runners.kafka_client import KafkaClient
from kwf_runtime.runners.kafka_config import engine_producer
from kwf_runtime.runners.kafka_hash import partition_for
from kwf_runtime.runners.kafka_producer import (
    ProducerLostError,
    TransactionAbortedError,
    TransactionalProducer,
)
from kwf_runtime.runners.kafka_topics import TopicAdmin, create_topics
from kwf_runtime.settings import Settings
from tests.runners.kafka_counter import counting_runner, counts, send, wait_for_counts

pytestmark = pytest.mark.kafka

MakeSettings = Callable[..., Settings]
ROOT = Path(__file__).parents[2]
THREADS = [f"thread-{number}" for number in range(12)]


def run_once(settings: Settings) -> KafkaRunner:
    """Run until idle, and close; the counters tell what happened."""
    runner = counting_runner(settings)
    try:
        runner.run(True, threading.Event())
    finally:
        runner.close()
    return runner


def expect(client: KafkaClient, settings: Settings, rounds: int) -> None:
    found = counts(client, settings)
    assert found == {thread: list(range(1, rounds + 1)) for thread in THREADS}


@contextmanager
def running(settings: Settings) -> Iterator[tuple[KafkaRunner, Callable[[], None]]]:
    """An engine on an OS thread; the function stops and closes it."""
    runner, stop = counting_runner(settings), threading.Event()
    worker = threading.Thread(target=runner.run, args=(False, stop))
    worker.start()

    def finish() -> None:
        stop.set()
        worker.join()
        runner.close()

    try:
        yield runner, finish
    finally:
        finish()


@contextmanager
def process(settings: Settings, failpoint: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """An engine in a process of its own, killed at the end."""
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.runners.kafka_counter", json.dumps(values)],
        cwd=ROOT,
        env={**os.environ, "KWF_FAILPOINT": failpoint},
        stdin=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


@pytest.fixture
def settings(kafka_settings: MakeSettings) -> Settings:
    return kafka_settings()


@pytest.fixture
def client(settings: Settings) -> Iterator[KafkaClient]:
    opened = KafkaClient(settings)
    yield opened
    opened.close()


class TestRestart:
    def test_goes_on_where_it_was(self, settings: Settings, client: KafkaClient) -> None:
        for rounds in (1, 2):
            send(client, settings, THREADS)
            run_once(settings)
            expect(client, settings, rounds)

    def test_without_its_local_store(self, settings: Settings, client: KafkaClient) -> None:
        send(client, settings, THREADS)
        run_once(settings)
        shutil.rmtree(settings.store_dir)
        send(client, settings, THREADS)
        run_once(settings)
        expect(client, settings, 2)

    def test_in_memory(self, kafka_settings: MakeSettings) -> None:
        settings = kafka_settings(store_in_memory=True)
        client = KafkaClient(settings)
        for rounds in (1, 2):
            send(client, settings, THREADS)
            run_once(settings)
            expect(client, settings, rounds)
        assert not list(Path(settings.store_dir).rglob("MANIFEST*"))

    def test_with_an_old_local_store(self, settings: Settings, client: KafkaClient) -> None:
        send(client, settings, THREADS)
        run_once(settings)
        old = Path(settings.store_dir).with_name("old")
        shutil.copytree(settings.store_dir, old)
        send(client, settings, THREADS)
        run_once(settings)
        shutil.rmtree(settings.store_dir)
        old.rename(settings.store_dir)
        send(client, settings, THREADS)
        run_once(settings)
        expect(client, settings, 3)

    def test_when_the_group_has_forgotten_its_offsets(
        self, settings: Settings, client: KafkaClient
    ) -> None:
        send(client, settings, THREADS)
        send(client, settings, THREADS, "end")
        run_once(settings)
        admin = AdminClient({"bootstrap.servers": settings.kafka["bootstrap.servers"]})

        def forget() -> None:
            futures = admin.delete_consumer_groups([settings.application_id])
            futures[settings.application_id].result()

        _eventually(forget)  # a static member is in the group until its session ends
        run_once(settings)
        expect(client, settings, 2)
        assert list(client.threads()) == []


class TestKill:
    @pytest.mark.parametrize("point", ["before_commit", "after_commit", "after_store"])
    def test_at_a_point(self, settings: Settings, client: KafkaClient, point: str) -> None:
        send(client, settings, THREADS)
        with process(settings, f"{point}:1") as engine:
            assert engine.wait(30) == 137
        send(client, settings, THREADS)
        run_once(settings)
        expect(client, settings, 2)

    @pytest.mark.slow
    def test_at_random(self, settings: Settings, client: KafkaClient) -> None:
        chance, kills, rounds = random.Random(11), 5, 60
        settled = threading.Event()

        def feed() -> None:
            for _ in range(rounds):
                send(client, settings, THREADS)
                settled.wait(0.1)

        feeder = threading.Thread(target=feed)
        feeder.start()
        for _ in range(kills):
            with process(settings) as engine:
                with pytest.raises(subprocess.TimeoutExpired):
                    engine.wait(0.8 + chance.random() * 1.2)
                engine.kill()
        feeder.join()
        run_once(settings)
        expect(client, settings, rounds)
        assert len(list(client.threads())) == len(THREADS)


class TestWorkers:
    def test_a_second_one_takes_its_share_and_gives_it_back(
        self, settings: Settings, client: KafkaClient
    ) -> None:
        with running(settings) as (first, finish_first):
            send(client, settings, THREADS)
            wait_for_counts(client, settings, len(THREADS))
            with running(settings) as (second, _):
                _eventually(lambda: _owns(first, 1) and _owns(second, 1))
                send(client, settings, THREADS)
                wait_for_counts(client, settings, 2 * len(THREADS))
                finish_first()
                send(client, settings, THREADS)
                wait_for_counts(client, settings, 3 * len(THREADS))
        expect(client, settings, 3)

    @pytest.mark.slow
    def test_a_zombie_commits_nothing(self, kafka_settings: MakeSettings, tmp_path: Path) -> None:
        settings = kafka_settings(partitions=1)
        client = KafkaClient(settings)
        with process(settings) as zombie:
            send(client, settings, THREADS)
            wait_for_counts(client, settings, len(THREADS))
            send(client, settings, [THREADS[0]], "slow")
            zombie.send_signal(signal.SIGSTOP)
            # Another machine: nothing but the broker knows of both.
            elsewhere = replace(settings, store_dir=str(tmp_path / "elsewhere"))
            with running(elsewhere):
                send(client, settings, THREADS[1:])
                wait_for_counts(client, settings, 2 * len(THREADS))
                zombie.send_signal(signal.SIGCONT)
                send(client, settings, THREADS)
                wait_for_counts(client, settings, 3 * len(THREADS))
        expect(client, settings, 3)


class TestAborts:
    @pytest.mark.parametrize("nth", [1, 2])
    @pytest.mark.parametrize("committed", [True, False])
    def test_a_commit_whose_end_is_unknown(
        self,
        settings: Settings,
        client: KafkaClient,
        monkeypatch: pytest.MonkeyPatch,
        committed: bool,
        nth: int,
    ) -> None:
        calls = _on_commit(monkeypatch)

        @calls(nth)
        def lose(commit: Callable[[], None]) -> None:
            if committed:
                commit()
            raise ProducerLostError("the answer was lost")

        _run_in_rounds(settings, client, 3)
        expect(client, settings, 3)

    def test_a_transaction_that_is_aborted(
        self, settings: Settings, client: KafkaClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        producers: list[TransactionalProducer] = []
        real_init = TransactionalProducer.__init__

        def init(self: TransactionalProducer, *arguments: Any) -> None:
            producers.append(self)
            real_init(self, *arguments)

        monkeypatch.setattr(TransactionalProducer, "__init__", init)
        calls = _on_commit(monkeypatch)

        @calls(2)
        def abort(commit: Callable[[], None]) -> None:
            producers[-1].abort()
            raise TransactionAbortedError("for the test")

        _run_in_rounds(settings, client, 3)
        expect(client, settings, 3)
        assert len(producers) == 1

    def test_a_transaction_that_takes_too_long(
        self, kafka_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = kafka_settings(kafka={"transaction.timeout.ms": "1000"})
        client = KafkaClient(settings)
        calls = _on_commit(monkeypatch)

        @calls(1)
        def wait(commit: Callable[[], None]) -> None:
            threading.Event().wait(2.5)
            commit()

        _run_in_rounds(settings, client, 2)
        expect(client, settings, 2)

    def test_a_producer_that_is_fenced(
        self, settings: Settings, client: KafkaClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls = _on_commit(monkeypatch)
        holder: list[KafkaRunner] = []

        @calls(1)
        def fence(commit: Callable[[], None]) -> None:
            name = holder[0]._place.transactional_id
            other: Any = Producer(engine_producer(settings, name))
            other.init_transactions()
            commit()

        send(client, settings, THREADS)
        runner = counting_runner(settings)
        holder.append(runner)
        runner.run(True, threading.Event())
        runner.close()
        expect(client, settings, 1)
        assert runner.counters["aborts"] == 1


class TestRecords:
    def test_on_a_wrong_partition_are_forwarded(
        self, settings: Settings, client: KafkaClient
    ) -> None:
        other: Any = Producer({"bootstrap.servers": settings.kafka["bootstrap.servers"]})
        for thread in THREADS:
            wrong = 1 - partition_for(thread.encode(), 2)
            other.produce(settings.resume_topic, b"go", thread.encode(), wrong)
        other.flush()
        runner = run_once(settings)
        expect(client, settings, 1)
        assert runner.counters["misrouted"] == len(THREADS)

    def test_a_state_over_the_size_of_a_message(
        self, settings: Settings, client: KafkaClient
    ) -> None:
        send(client, settings, ["t"], "big:2500000")
        run_once(settings)
        shutil.rmtree(settings.store_dir)
        send(client, settings, ["t"], "big:1200000")
        run_once(settings)
        record = client.thread("t")
        assert record is not None
        assert record.state is not None
        assert record.state.startswith(b"2 ")
        assert len(record.state) == 1_200_000


class TestRestore:
    def test_waits_for_a_transaction_that_is_open(
        self, settings: Settings, client: KafkaClient
    ) -> None:
        """Reading up to what is committed now would miss what is being committed."""
        other: Any = Producer(engine_producer(settings, f"{settings.application_id}-other"))
        other.init_transactions()
        other.begin_transaction()
        record = ThreadRecord("t", "flow", state=b"x")
        for key, value in thread_changes(thread_key("t"), record, None, 1000).items():
            other.produce(settings.changelog_topic, value, key, partition_for(b"t", 2))
        other.flush()
        timer = threading.Timer(1.0, other.commit_transaction)
        timer.start()
        assert client.thread("t") == record
        timer.join()


class TestSettings:
    def test_a_session_that_the_broker_refuses(self, kafka_settings: MakeSettings) -> None:
        runner = counting_runner(kafka_settings(kafka={"session.timeout.ms": "301"}))
        with pytest.raises(ConfigError, match=r"session\.timeout\.ms"):
            runner.run(True, threading.Event())
        runner.close()


class TestTopics:
    def test_missing_ones_are_named(self, kafka_settings: MakeSettings) -> None:
        settings = kafka_settings(partitions=0)
        with pytest.raises(ConfigError, match="kwf topics create") as caught:
            counting_runner(settings)
        assert settings.resume_topic in str(caught.value)
        assert settings.changelog_topic in str(caught.value)
        made = create_topics(settings, 2, outputs=[f"{settings.topic_prefix}out"])
        assert len(made) == 7
        assert create_topics(settings, 2) == []

    def test_another_number_of_partitions_is_refused(
        self, settings: Settings, client: KafkaClient
    ) -> None:
        from confluent_kafka.admin import NewPartitions

        admin = AdminClient({"bootstrap.servers": settings.kafka["bootstrap.servers"]})
        futures = admin.create_partitions([NewPartitions(settings.resume_topic, 5)])
        futures[settings.resume_topic].result()

        _eventually(lambda: TopicAdmin(settings).partitions()[settings.resume_topic] == 5)
        with pytest.raises(ConfigError, match=r"has 2 partitions .* has 5"):
            counting_runner(settings)

    def test_records_that_were_deleted_too_early_stop_the_engine(
        self, settings: Settings, client: KafkaClient
    ) -> None:
        send(client, settings, THREADS)
        run_once(settings)
        send(client, settings, THREADS)
        admin = AdminClient({"bootstrap.servers": settings.kafka["bootstrap.servers"]})
        asked = [TopicPartition(settings.resume_topic, number, -1) for number in range(2)]
        for future in admin.delete_records(asked).values():
            future.result()
        runner = counting_runner(settings)
        with pytest.raises(KwfError, match="were deleted before they were applied"):
            runner.run(True, threading.Event())
        runner.close()


def _owns(runner: KafkaRunner, count: int) -> bool:
    return len(runner._stores.owned) == count


def _eventually(check: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Call until it neither raises nor returns False."""
    pause = threading.Event()
    for _ in range(int(timeout_s / 0.1)):
        try:
            if check() is not False:
                return
        except Exception as error:
            last: object = error
        else:
            last = "still False"
        pause.wait(0.1)
    raise AssertionError(f"not within {timeout_s} s: {last}")


def _on_commit(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Callable[[Any], Any]]:
    """Returns a decorator: the function is called in place of the nth commit of a transaction."""
    real, seen, hooks = TransactionalProducer.commit, [0], dict[int, Any]()

    def commit(self: TransactionalProducer, *arguments: Any) -> None:
        seen[0] += 1
        hook = hooks.get(seen[0])
        if hook is None:
            real(self, *arguments)
        else:
            hook(lambda: real(self, *arguments))

    monkeypatch.setattr(kafka_commit.TransactionalProducer, "commit", commit)

    def on(nth: int) -> Callable[[Any], Any]:
        return lambda hook: hooks.setdefault(nth, hook)

    return on


def _run_in_rounds(settings: Settings, client: KafkaClient, rounds: int) -> None:
    runner = counting_runner(settings)
    try:
        for _ in range(rounds):
            send(client, settings, THREADS)
            runner.run(True, threading.Event())
    finally:
        runner.close()
