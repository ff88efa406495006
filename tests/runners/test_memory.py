"""The memory log's index of due times against a model, and the loop's stop conditions."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from kwf_runtime.core.engine import Program
from kwf_runtime.runners.base import open_client, open_runner
from kwf_runtime.runners.memory import DueIndex, MemoryClient, MemoryRunner
from kwf_runtime.runners.records import OutRecord
from kwf_runtime.settings import Settings

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
