"""The memory log's index of due times against a model, and the loop's stop conditions."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwf_runtime.core.engine import Program
from kwf_runtime.runners.base import open_client, open_runner
from kwf_runtime.runners.batch import Batch
from kwf_runtime.runners.local import StoreBusyError
from kwf_runtime.runners.memory import DueIndex, MemoryClient, MemoryLog, MemoryRunner
from kwf_runtime.runners.records import OutRecord
from kwf_runtime.settings import Settings
from tests.runners.harness import MemoryHarness

CHANGES = st.lists(st.tuples(st.sampled_from("abcd"), st.none() | st.integers(0, 5)))


@given(CHANGES, st.none() | st.integers(0, 5), st.integers(1, 5))
def test_due_order(changes: list[tuple[str, int | None]], now_ms: int | None, limit: int) -> None:
    index = DueIndex[str]()
    model: dict[str, tuple[int, int]] = {}
    for number, (key, due_ms) in enumerate(changes):
        index.put(key, due_ms)
        model.pop(key, None)
        if due_ms is not None:
            model[key] = (due_ms, number)
    expected = sorted((due, number, key) for key, (due, number) in model.items())
    found = [(due, key) for due, _, key in expected if now_ms is None or due <= now_ms]
    for _ in range(2):
        assert index.due(now_ms, limit) == found[:limit]
    for key in "abcd":
        assert index.get(key) == (model[key][0] if key in model else None)


def test_an_idle_engine_stops_when_it_is_told() -> None:
    runner = MemoryRunner(Program({}), Settings(runner="memory", db="stops"))
    stop = threading.Event()
    engine = threading.Thread(target=runner.run, args=(False, stop))
    engine.start()
    stop.set()
    engine.join(10)
    assert not engine.is_alive()
    runner.close()


def test_a_running_engine_sees_what_a_client_sends() -> None:
    settings = Settings(runner="memory", db="sees")
    runner, client = open_runner(settings, Program({})), open_client(settings)
    assert isinstance(client, MemoryClient)
    stop = threading.Event()
    engine = threading.Thread(target=runner.run, args=(False, stop))
    engine.start()
    letters = client.tail("workflow-dead-letter", from_start=True, count=1, timeout_s=10)
    client.send([OutRecord("workflow-resume", b"t", b"not json")])
    assert [record.value for record in letters] == [b"not json"]
    stop.set()
    engine.join(10)
    runner.close()
    client.close()


class BusyLog(MemoryLog):
    """Cannot be written for some time."""

    failures = 0

    def commit(self, batch: Batch, positions: dict[str, int], now_ms: int) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreBusyError("the disk is full")
        super().commit(batch, positions, now_ms)


class Pauses(threading.Event):
    """A stop event that is never set, and notes the long waits instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is not None and timeout >= 1:
            self.seconds.append(timeout)
            return False
        return super().wait(timeout)


def test_a_store_that_is_busy_is_tried_again_and_nothing_is_lost(tmp_path: Path) -> None:
    harness = MemoryHarness(tmp_path, Settings(runner="memory"))
    harness.log = log = BusyLog(harness.clock)
    harness.load(
        """
        @W.activity
        def double(value):
            return value * 2

        async def main(argument):
            return await double(argument)
        """
    )
    harness.start("t", 1)
    log.failures = 2
    runner = harness.open_runner(harness.program or Program({}))
    for _ in range(2):
        with pytest.raises(StoreBusyError):
            runner.turn()
    assert runner.turn()
    log.failures = 1
    pauses = Pauses()
    runner.run(True, pauses)
    assert len(pauses.seconds) == 1
    assert harness.results() == [("t", 2)]
    runner.close()
    harness.close()
