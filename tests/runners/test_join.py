"""The join by itself: native workflows, a codec that only counts, a store that is a dict."""

from __future__ import annotations

import json
import logging
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kwf_runtime as W
from kwf_runtime import aio, wire
from kwf_runtime.core.engine import Program, Workflow, WorkflowConfig
from kwf_runtime.core.thread import WorkflowThread
from kwf_runtime.errors import CodeMissingError, DecodeError, UnsavableError
from kwf_runtime.runners import calls, layouts
from kwf_runtime.runners.batch import Batch, SampledLog
from kwf_runtime.runners.cache import ThreadCache
from kwf_runtime.runners.calls import ActivityOutcome
from kwf_runtime.runners.join import Join
from kwf_runtime.runners.layouts import StoredLayout
from kwf_runtime.runners.memory import MemoryLog
from kwf_runtime.runners.records import Headers, Record
from kwf_runtime.runners.stepper import Limits
from kwf_runtime.serial.layout import Layout
from kwf_runtime.settings import Settings


class FakeCodec:
    """Keeps the objects; fails when told to."""

    def __init__(self) -> None:
        self.objects: list[object] = []
        self.loads_count = 0
        self.save_error: Exception | None = None
        self.load_error: Exception | None = None

    def dumps(self, obj: object, /) -> bytes:
        if self.save_error is not None:
            raise self.save_error
        self.objects.append(obj)
        return str(len(self.objects) - 1).encode()

    def loads(self, data: bytes, /) -> object:
        if self.load_error is not None:
            raise self.load_error
        self.loads_count += 1
        return self.objects[int(data)]


class Bench:
    """A join with its store; each call is a batch of its own unless one is given."""

    def __init__(self, main: Callable[..., Any], **settings: Any) -> None:
        config = WorkflowConfig(output_topics={"out"})
        self.program = Program({"flow": Workflow("flow", main, config=config)}, "flow")
        self.settings = Settings(runner="memory", **settings)
        self.store = MemoryLog(lambda: 0)
        self.codec = FakeCodec()
        self.limits = Limits()
        self.open()
        self.offset = 0
        self.now_ms = 1000

    def open(self) -> None:
        self.join = Join(
            self.program, self.settings, self.store, codec=self.codec, limits=self.limits
        )

    def record(
        self, value: bytes | None, key: bytes | None = b"t", headers: Headers = ()
    ) -> Record:
        self.offset += 10
        return Record("workflow-resume", 0, self.offset, self.now_ms, key, value, headers)

    def commit(self, batch: Batch) -> Batch:
        self.store.commit(batch, {}, self.now_ms)
        self.join.committed(batch)
        return batch

    def apply(self, *values: bytes | Record) -> Batch:
        batch = self.join.begin()
        for value in values:
            record = value if isinstance(value, Record) else self.record(value)
            self.join.apply(batch, record, self.now_ms)
        return self.commit(batch)

    def command(self, command: bytes) -> Batch:
        return self.apply(self.record(b"", headers=((wire.COMMAND_HEADER, command),)))


def outputs(batch: Batch, topic: str = "out") -> list[bytes | None]:
    return [out.value for out in batch.outputs if out.topic == topic]


async def echo(argument: object) -> object:
    W.output("started", "out")
    while (value := await W.suspend("a")) != "end":
        W.output(str(value), "out")
    return argument


async def ids(argument: object) -> None:
    while True:
        W.output(W.suspend().id, "out")
        if await W.suspend("a") == "sleep":
            await aio.sleep(0.01)


START = wire.encode_start(1)


def test_a_record_that_was_seen_is_skipped() -> None:
    bench = Bench(echo)
    first = bench.record(wire.encode_resume("a", 1))
    bench.apply(START, first)
    again = bench.apply(first)
    assert outputs(again) == []
    assert again.counters["resume.duplicate"] == 1
    assert not again.writes


def test_step_ids_grow_and_are_unique() -> None:
    bench = Bench(ids, unmatched="buffer")
    seen = outputs(bench.apply(START, wire.encode_resume("a", "sleep")))
    bench.apply(wire.encode_resume("a", "kept"))
    bench.now_ms += 20
    batch = bench.join.begin()
    assert bench.join.fire_due(batch, bench.now_ms) == 1
    bench.commit(batch)
    seen += outputs(batch)
    seen += outputs(bench.apply(wire.encode_resume("a", 2)))
    assert seen == [b"10:0", b"20.1:0", b"30:0", b"40:0"]


def test_a_batch_reads_its_own_writes() -> None:
    bench = Bench(echo)
    batch = bench.apply(START, *(wire.encode_resume("a", n) for n in range(3)))
    assert outputs(batch) == [b"started", b"0", b"1", b"2"]
    assert bench.codec.loads_count == 0


def test_a_discarded_batch_leaves_no_trace() -> None:
    bench = Bench(echo)
    bench.apply(START)
    batch = bench.join.begin()
    record = bench.record(wire.encode_resume("a", "x"))
    bench.join.apply(batch, record, 0)
    bench.join.discard(batch)
    stored = bench.store.get("t")
    assert stored is not None
    assert stored.position == 10
    loads = bench.codec.loads_count
    bench.join.apply(bench.join.begin(), record, 0)
    assert bench.codec.loads_count == loads + 1


def test_hot_threads_stay_decoded_within_the_budget() -> None:
    bench = Bench(echo)
    bench.apply(START)
    for number in range(5):
        bench.apply(wire.encode_resume("a", number))
    assert bench.codec.loads_count == 0
    bench.limits = Limits(cache_bytes=0)
    bench.open()
    for number in range(3):
        bench.apply(wire.encode_resume("a", number))
    assert bench.codec.loads_count == 3


def test_the_cache_lets_the_least_recently_used_go() -> None:
    bench = Bench(echo)
    cache = ThreadCache(2 * (4096 + 12))
    for name in (b"x", b"y"):
        bench.apply(bench.record(START, name))
    records = [bench.store.get(name) for name in ("x", "y")]
    x, y = (record for record in records if record is not None)
    cache.put(x, object())  # type: ignore[arg-type]
    cache.put(y, object())  # type: ignore[arg-type]
    assert cache.thread(x) is not None
    bench.apply(bench.record(START, b"z"))
    z = bench.store.get("z")
    assert z is not None
    cache.put(z, object())  # type: ignore[arg-type]
    assert (len(cache), cache.thread(y)) == (2, None)
    assert cache.record("x") is x
    cache.clear()
    assert len(cache) == 0


def test_a_failed_save_parks_and_keeps_the_last_good_state() -> None:
    bench = Bench(echo)
    bench.apply(START)
    good = bench.store.get("t")
    assert good is not None
    bench.codec.save_error = UnsavableError("$", "lock")
    batch = bench.apply(wire.encode_resume("a", "x"))
    assert outputs(batch) == []
    parked = bench.store.get("t")
    assert parked is not None
    assert (parked.status, parked.state, parked.position) == ("parked", good.state, 10)
    assert [record.offset for record in parked.kept] == [20]
    assert batch.counters["parked.unsavable"] == 1


def test_a_retry_applies_what_was_kept_in_order_until_it_parks_again() -> None:
    bench = Bench(echo)
    bench.apply(START)
    bench.codec.load_error = CodeMissingError("flow:main")
    bench.open()
    bench.apply(*(wire.encode_resume("a", value) for value in ("1", "2", "3")))
    batch = bench.command(wire.RETRY_COMMAND)
    parked = bench.store.get("t")
    assert parked is not None
    assert (parked.status, len(parked.kept), outputs(batch)) == ("parked", 3, [])
    bench.codec.load_error = None
    batch = bench.command(wire.RETRY_COMMAND)
    assert outputs(batch) == [b"1", b"2", b"3"]
    waiting = bench.store.get("t")
    assert waiting is not None
    assert (waiting.status, waiting.kept, waiting.reason) == ("waiting", (), None)


def test_a_retry_that_parks_midway_keeps_the_rest() -> None:
    bench = Bench(echo)
    bench.apply(START)
    bench.codec.load_error = CodeMissingError("flow:main")
    bench.open()
    bench.apply(*(wire.encode_resume("a", value) for value in ("1", "2", "3")))
    bench.codec.load_error = None
    dumps = bench.codec.dumps

    def fail_on_second(obj: object, /) -> bytes:
        if bench.codec.objects[-1] is obj:
            raise UnsavableError("$", "lock")
        return dumps(obj)

    bench.codec.objects.append(None)
    bench.codec.dumps = fail_on_second  # type: ignore[method-assign]
    batch = bench.command(wire.RETRY_COMMAND)
    assert outputs(batch) == [b"1"]
    parked = bench.store.get("t")
    assert parked is not None
    assert parked.status == "parked"
    assert [record.offset for record in parked.kept] == [30, 40]


def test_a_retry_in_the_end_of_which_the_thread_ends() -> None:
    bench = Bench(echo)
    bench.apply(START)
    bench.codec.load_error = CodeMissingError("flow:main")
    bench.open()
    bench.apply(wire.encode_resume("a", "end"), wire.encode_resume("a", "late"))
    bench.codec.load_error = None
    batch = bench.command(wire.RETRY_COMMAND)
    assert outputs(batch, "workflow-result") == [b"1"]
    assert batch.counters["resume.unknown_thread"] == 1
    assert bench.store.get("t") is None


def test_an_event_kept_with_a_parked_thread_is_bounded() -> None:
    bench = Bench(echo)
    bench.limits = Limits(kept_events=2)
    bench.open()
    bench.codec.save_error = UnsavableError("$", "lock")
    batch = bench.apply(START, *(wire.encode_resume("a", n) for n in range(3)))
    assert batch.counters["dead_letter.parked-full"] == 2
    parked = bench.store.get("t")
    assert parked is not None
    assert len(parked.kept) == 2


def test_replacing_a_parked_thread_says_what_is_lost() -> None:
    bench = Bench(echo, new_existing="replace")
    bench.codec.save_error = UnsavableError("$", "lock")
    bench.apply(START, wire.encode_resume("a", 1))
    bench.codec.save_error = None
    batch = bench.apply(START)
    assert batch.counters["dead_letter.replaced"] == 2
    thread = bench.store.get("t")
    assert thread is not None
    assert thread.status == "waiting"


def test_a_parked_thread_sleeps_on_and_wakes_after_the_retry() -> None:
    async def sleeper(argument: object) -> str:
        await aio.gather(aio.sleep(0.01), W.suspend("a"))
        return "slept"

    bench = Bench(sleeper)
    bench.apply(START)
    bench.codec.load_error = CodeMissingError("x")
    bench.open()
    bench.apply(wire.encode_resume("a"))
    bench.now_ms += 50
    assert bench.store.due_threads(bench.now_ms, 10) == []
    bench.codec.load_error = None
    bench.command(wire.RETRY_COMMAND)
    batch = bench.join.begin()
    assert bench.join.fire_due(batch, bench.now_ms) == 1
    assert outputs(bench.commit(batch), "workflow-result") == [b'"slept"']


async def calling(argument: object) -> object:
    return await double(argument)


@W.activity
def double(value: int) -> int:
    return value * 2


def outcome_of(bench: Bench, call: tuple[str, bytes], value: object) -> ActivityOutcome:
    return ActivityOutcome(call[0], calls.call_id_of(call[1]), value=bench.codec.dumps(value))


def test_an_outcome_is_delivered_once_and_its_call_goes_with_the_commit() -> None:
    bench = Bench(calling)
    [call] = bench.apply(START).calls
    assert [record.thread_id for record in bench.store.calling()] == ["t"]
    outcome = outcome_of(bench, call, 2)
    batch = bench.join.begin()
    bench.join.activity_done(batch, outcome, 0)
    bench.join.activity_done(batch, outcome, 0)
    assert outputs(bench.commit(batch), "workflow-result") == [b"2"]
    assert batch.counters["activity.stale"] == 1
    assert list(bench.store.calling()) == []


def test_an_outcome_for_a_parked_thread_is_kept() -> None:
    bench = Bench(calling)
    [call] = bench.apply(START).calls
    bench.codec.load_error = CodeMissingError("x")
    bench.open()
    batch = bench.join.begin()
    bench.join.activity_done(batch, outcome_of(bench, call, 2), 0)
    bench.join.activity_done(batch, outcome_of(bench, call, 3), 0)
    bench.commit(batch)
    assert list(bench.store.calling()) == []
    bench.codec.load_error = None
    assert outputs(bench.command(wire.RETRY_COMMAND), "workflow-result") == [b"2"]


def test_an_output_over_the_limit_parks() -> None:
    bench = Bench(echo)
    bench.limits = Limits(output_bytes=100)
    bench.open()
    bench.apply(START)
    batch = bench.apply(wire.encode_resume("a", "x" * 200))
    parked = bench.store.get("t")
    assert parked is not None
    assert (parked.reason or "").startswith("too-large: ")
    assert batch.outputs == []


def test_ctrl_c_goes_through_and_an_interrupt_of_the_workflow_does_not() -> None:
    async def interrupts(argument: object) -> None:
        raise KeyboardInterrupt

    bench = Bench(interrupts)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        bench.apply(START)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_flood_is_logged_a_few_times(caplog: pytest.LogCaptureFixture) -> None:
    log = SampledLog()
    with caplog.at_level(logging.WARNING):
        for number in range(1000):
            log.warn("kind", "message %d", number)
    assert len(caplog.records) == 12
    assert "(kind, 512 so far)" in caplog.text


def test_headers_that_are_not_understood() -> None:
    bench = Bench(echo)
    bad = bench.record(START, headers=((wire.WORKFLOW_HEADER, b"\xff"),))
    empty = bench.record(START, b"u", headers=((wire.WORKFLOW_HEADER, None),))
    batch = bench.apply(bad, empty)
    assert batch.counters["dead_letter.bad-header"] == 1
    assert batch.counters["step.waiting"] == 1
    bench.program = Program({})
    bench.open()
    assert bench.apply(bench.record(START, b"v")).counters["dead_letter.unknown-workflow"] == 1


def test_an_outcome_that_the_thread_no_longer_wants() -> None:
    bench = Bench(calling)
    [call] = bench.apply(START).calls
    outcome = outcome_of(bench, call, 2)
    other = bench.codec.objects[-2]
    assert isinstance(other, WorkflowThread)
    other.calls.clear()
    batch = bench.join.begin()
    bench.join.activity_done(batch, outcome, 0)
    bench.commit(batch)
    assert batch.counters["activity.stale"] == 1
    assert list(bench.store.calling()) == []


def test_an_early_event_that_parks_stays_in_its_place() -> None:
    async def steps(argument: object) -> None:
        await W.suspend("first")
        await W.suspend("a")
        await W.suspend("b")

    bench = Bench(steps, unmatched="buffer")
    bench.apply(START, wire.encode_resume("a"), wire.encode_resume("b"))
    dumps, saves = bench.codec.dumps, []

    def fail_on_second(obj: object, /) -> bytes:
        saves.append(obj)
        if len(saves) == 2:
            raise UnsavableError("$", "lock")
        return dumps(obj)

    bench.codec.dumps = fail_on_second  # type: ignore[method-assign]
    bench.apply(wire.encode_resume("first"))
    parked = bench.store.get("t")
    assert parked is not None
    assert (parked.status, parked.position) == ("parked", 40)
    assert [record.offset for record in parked.kept] == [20, 30]


def test_a_wake_up_that_finds_nothing_due_is_put_right() -> None:
    bench = Bench(echo)
    bench.apply(START)
    waiting = bench.store.get("t")
    assert waiting is not None
    bench.commit(Batch(threads={"t": replace(waiting, due_ms=5)}))
    bench.open()
    batch = bench.join.begin()
    bench.join.fire_due(batch, bench.now_ms)
    bench.commit(batch)
    assert bench.store.get("t") == waiting
    assert bench.store.next_due_ms() is None


def test_a_change_in_the_batch_beats_what_was_due() -> None:
    bench = Bench(echo)
    bench.apply(START)
    bench.commit(Batch(timers={b't|{"ref":"a"}': 5, b't|{"ref":"b"}': 5}))
    batch = bench.join.begin()
    bench.join.apply(
        batch,
        Record("workflow-scheduler", 0, 1, bench.now_ms, b't|{"ref":"a"}', None),
        bench.now_ms,
    )
    assert bench.join.fire_due(batch, bench.now_ms) == 2
    assert outputs(batch, "workflow-resume") == [b'{"ref":"b"}']


def test_a_topic_prefix_is_put_before_the_engines_own_topics() -> None:
    async def asks(argument: object) -> None:
        W.output("1", "workflow-scheduler", W.suspend("a").key)
        W.ensure_thread("child", "c")
        W.output("x", "out")

    bench = Bench(asks, topic_prefix="dev.")
    topics = [out.topic for out in bench.apply(START).outputs]
    assert topics == [
        "dev.workflow-scheduler",
        "dev.workflow-resume",
        "out",
        "dev.workflow-result",
    ]


def test_an_output_that_no_store_could_write_parks_its_thread_alone() -> None:
    async def writes(argument: Any) -> None:
        W.output(argument, "out", "k")

    bench = Bench(writes)
    pair = json.dumps("\ud83d\ude00").encode()
    batch = bench.apply(
        bench.record(b"new:" + pair, b"x"), bench.record(wire.encode_start("y"), b"y")
    )
    assert outputs(batch) == ["\U0001f600".encode(), b"y"]


def test_an_error_whose_text_cannot_be_had() -> None:
    class Evil(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    bench = Bench(echo)
    for error in (Evil(), ValueError("\ud800")):
        bench.codec.save_error = error
        bench.apply(bench.record(START, type(error).__name__.encode()))
    reasons = [record.reason for record in bench.store.threads()]
    assert reasons == [
        "internal: Evil: (its text cannot be had: RuntimeError)",
        "internal: ValueError: \\ud800",
    ]


def test_a_thread_that_waits_for_nothing_is_said_to(caplog: pytest.LogCaptureFixture) -> None:
    async def stuck(argument: object) -> None:
        await aio.Event().wait()

    bench = Bench(stuck)
    assert bench.apply(START).counters["step.stuck"] == 1
    assert "kwf cancel" in caplog.text


def test_the_join_can_forget_what_it_has_decoded() -> None:
    bench = Bench(echo)
    bench.apply(START)
    bench.join.clear()
    bench.apply(wire.encode_resume("a", 1))
    assert bench.codec.loads_count == 1
    assert bench.join.counters["step.waiting"] == 2


def test_layouts_round_trip() -> None:
    stored = StoredLayout("flow.py", Layout.of("main", "coroutine", [("f()#0", 3, ("a",))], ("x",)))
    data = layouts.encode_layout(stored)
    assert layouts.decode_layout(data) == stored
    for bad in (b"", b"\xc1", data[:-1], msgpack.packb([2, "f", "n", "coroutine", [], []])):
        with pytest.raises(DecodeError):
            layouts.decode_layout(bad)


def test_a_start_that_was_kept_starts_its_own_workflow() -> None:
    async def other(argument: object) -> str:
        return "other"

    bench = Bench(echo)
    bench.codec.save_error = UnsavableError("$", "lock")
    bench.apply(START)
    bench.codec.save_error = None
    flow = bench.program.workflows["flow"]
    for workflows in ({"other": Workflow("other", other)}, {}):
        bench.program = Program(workflows, "other")
        bench.open()
        bench.command(wire.RETRY_COMMAND)
        parked = bench.store.get("t")
        assert parked is not None
        assert parked.lacks_code
    bench.program = Program({"other": Workflow("other", other), "flow": flow}, "other")
    bench.open()
    assert outputs(bench.command(wire.RETRY_COMMAND)) == [b"started"]


CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.sampled_from("abc"), st.integers(1, 30)),
        st.tuples(st.just("cancel"), st.sampled_from("abc"), st.just(0)),
        st.tuples(st.just("pass"), st.just(""), st.integers(1, 20)),
        st.tuples(st.just("crash"), st.just(""), st.just(0)),
    ),
    max_size=30,
)


@given(CHANGES)
def test_timers_fire_once_in_due_order_and_never_after_a_cancellation(
    changes: list[tuple[str, str, int]],
) -> None:
    bench = Bench(echo)
    model: dict[bytes, tuple[int, int]] = {}
    fired: list[bytes | None] = []
    expected: list[bytes] = []
    for number, (what, name, value) in enumerate(changes):
        key = f't|{{"ref":"{name}"}}'.encode()
        batch = bench.join.begin()
        if what == "pass":
            bench.now_ms += value
        elif what == "crash":
            bench.open()
        else:
            delay = str(value).encode()
            record = Record("workflow-scheduler", 0, number, bench.now_ms, key, delay)
            bench.join.apply(batch, record, bench.now_ms)
            model.pop(key, None)
            if what == "set":
                model[key] = (bench.now_ms + value, number)
        bench.join.fire_due(batch, bench.now_ms)
        fired += outputs(bench.commit(batch), "workflow-resume")
        due = sorted((at, key) for key, at in model.items() if at[0] <= bench.now_ms)
        for _, key in due:
            del model[key]
            expected.append(key.partition(b"|")[2])
        assert fired == expected
        assert bench.store.next_due_ms() == min((at for at, _ in model.values()), default=None)
