"""The pool: attempts, pauses, limits of time, cancellation. The clock is the test's own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator

import pytest

from kwf_runtime.core.outputs import ActivityOptions, CallActivity, Retry
from kwf_runtime.errors import DecodeError, UnsavableError
from kwf_runtime.runners import calls
from kwf_runtime.runners.activities import ActivityPool
from kwf_runtime.runners.calls import ActivityOutcome

WAIT_S = 10.0


class FakeCodec:
    """Keeps the objects and hands out their numbers."""

    def __init__(self) -> None:
        self.objects: list[object] = []

    def dumps(self, obj: object, /) -> bytes:
        if isinstance(obj, threading.Event):
            raise UnsavableError("$", "threading.Event")
        self.objects.append(obj)
        return str(len(self.objects) - 1).encode()

    def loads(self, data: bytes, /) -> object:
        try:
            return self.objects[int(data)]
        except ValueError as error:
            raise DecodeError("no number") from error


class Bench:
    """A pool with its functions."""

    def __init__(self) -> None:
        self.functions: dict[str, Callable[..., object]] = {}
        self.now_ms = 1000
        self.codec = FakeCodec()
        self.pool = ActivityPool(self.functions.get, lambda: self.now_ms, self.codec)

    def call(
        self, name: str, *args: object, call_id: str = "c", options: ActivityOptions | None = None
    ) -> None:
        call = CallActivity(call_id, name, args, {}, options or ActivityOptions())
        self.pool.start("t", calls.encode_call(call, self.codec))

    def outcome(self) -> ActivityOutcome:
        """Wait for one outcome."""
        found: list[ActivityOutcome] = []
        reached = threading.Event()
        deadline = threading.Timer(WAIT_S, reached.set)
        deadline.start()
        while not found and not reached.wait(0.001):
            found += self.pool.take()
        deadline.cancel()
        [only] = found
        return only

    def rest(self) -> list[ActivityOutcome]:
        """Wait until nothing runs."""
        found = self.pool.take()
        never = threading.Event()
        while not self.pool.idle():
            never.wait(0.001)
            found += self.pool.take()
        return found


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.pool.close()


def test_a_def_and_an_async_def(bench: Bench) -> None:
    async def later(text: str) -> str:
        await asyncio.sleep(0)
        return text * 2

    bench.functions["now"] = str.upper
    bench.functions["later"] = later
    for name, expected in (("now", "AB"), ("later", "abab")):
        bench.call(name, "ab")
        outcome = bench.outcome()
        assert (outcome.thread_id, outcome.call_id, outcome.failure) == ("t", "c", None)
        assert bench.codec.loads(outcome.value or b"") == expected
    assert bench.pool.idle()
    assert not bench.pool.ready()


def test_pauses_grow_up_to_their_maximum_by_the_clock(bench: Bench) -> None:
    times: list[int] = []

    def fails() -> None:
        times.append(bench.now_ms)
        raise OSError("down")

    bench.functions["fails"] = fails
    retry = Retry(initial_ms=100, factor=3.0, max_ms=500, max_attempts=4)
    bench.call("fails", options=ActivityOptions(retry=retry))
    outcomes: list[ActivityOutcome] = []
    while not outcomes:
        outcomes = bench.rest()
        bench.now_ms += 10
    assert [b - a for a, b in zip(times, times[1:])] == [100, 300, 500]
    assert outcomes[0].failure is not None
    kind, message, attempts, text = outcomes[0].failure
    assert (kind, message, attempts) == ("OSError", "down", 4)
    assert "in fails" in text


@pytest.mark.parametrize("kinds", [(LookupError,), ("KeyError",), ("LookupError",)])
def test_what_is_not_retried(bench: Bench, kinds: tuple[type[BaseException] | str, ...]) -> None:
    bench.functions["fails"] = {}.__getitem__
    bench.call("fails", "k", options=ActivityOptions(retry=Retry(non_retryable=kinds)))
    outcome = bench.outcome()
    assert outcome.failure is not None
    assert outcome.failure[:3] == ("KeyError", "'k'", 1)


def test_all_attempts_together_have_a_limit(bench: Bench) -> None:
    bench.functions["fails"] = {}.__getitem__
    retry = Retry(initial_ms=600, factor=1.0, max_attempts=100)
    options = ActivityOptions(retry=retry, schedule_to_close_s=1.0)
    bench.call("fails", "k", options=options)
    assert bench.rest() == []
    bench.now_ms += 600
    outcome = bench.outcome()
    assert outcome.failure is not None
    assert outcome.failure[2] == 2


def test_an_attempt_over_its_time_is_abandoned(bench: Bench) -> None:
    gate = threading.Event()
    cancelled = threading.Event()

    async def hangs() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    bench.functions["blocks"] = gate.wait
    bench.functions["hangs"] = hangs
    options = ActivityOptions(retry=Retry(max_attempts=1), timeout_s=0.02)
    for name in ("blocks", "hangs"):
        bench.call(name, options=options)
        outcome = bench.outcome()
        assert outcome.failure is not None
        assert outcome.failure[0] == "TimeoutError"
    assert cancelled.wait(WAIT_S)
    gate.set()
    assert bench.rest() == []


def test_a_cancelled_call_has_no_outcome(bench: Bench) -> None:
    gate, begun = threading.Event(), threading.Event()

    def waits() -> None:
        begun.set()
        gate.wait(WAIT_S)

    bench.functions["waits"] = waits
    bench.call("waits")
    assert begun.wait(WAIT_S)
    assert not bench.pool.idle()
    bench.pool.cancel("t", "c")
    assert bench.pool.idle()
    gate.set()
    assert bench.rest() == []
    bench.call("waits", call_id="d")
    assert bench.outcome().call_id == "d"


def test_a_call_that_is_not_loaded_waits_for_another_engine(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.call("unknown")
    assert bench.rest() == []
    assert "unknown" in caplog.text


def test_arguments_that_cannot_be_loaded_and_results_that_cannot_be_saved(bench: Bench) -> None:
    bench.functions["event"] = threading.Event
    bench.call("event")
    outcome = bench.outcome()
    assert outcome.failure is not None
    assert outcome.failure[0] == "UnsavableError"
    call = CallActivity("c", "event", (), {}, ActivityOptions())
    good = calls.encode_call(call, bench.codec)
    bench.pool.start("t", good[:-1] + b"x")
    outcome = bench.outcome()
    assert outcome.failure is not None
    assert outcome.failure[0] == "DecodeError"


def test_what_ends_a_process_is_a_failure_of_the_attempt(bench: Bench) -> None:
    def leaves() -> None:
        raise SystemExit(3)

    async def interrupts() -> None:
        raise KeyboardInterrupt

    bench.functions["leaves"] = leaves
    bench.functions["interrupts"] = interrupts
    for name, kind in (("leaves", "SystemExit"), ("interrupts", "KeyboardInterrupt")):
        bench.call(name, options=ActivityOptions(retry=Retry(max_attempts=1)))
        outcome = bench.outcome()
        assert outcome.failure is not None
        assert outcome.failure[0] == kind


def test_more_calls_than_threads(bench: Bench) -> None:
    bench.functions["id"] = lambda value: value
    for number in range(200):
        bench.call("id", number, call_id=str(number))
    outcomes = bench.rest()
    assert sorted(int(outcome.call_id) for outcome in outcomes) == list(range(200))


def test_an_outcome_as_an_event(bench: Bench) -> None:
    value = bench.codec.dumps({"a": 1})
    record = ActivityOutcome("t", "c", value=value).as_record(5)
    assert calls.decode_outcome(record, bench.codec).value == {"a": 1}
    failed = ActivityOutcome("t", "c", failure=("KeyError", "\ud800", 2, "tb"))
    event = calls.decode_outcome(failed.as_record(5), bench.codec)
    assert "KeyError" in str(event.error)
    with pytest.raises(DecodeError):
        calls.decode_outcome(calls.Record("", 0, -1, 0, b"t", b"\xc1"), bench.codec)
    assert json.dumps(str(event.error))
