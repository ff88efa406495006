"""The virtual clock, and the thread that tests step by hand."""

from __future__ import annotations

import asyncio

import pytest

from kwf_runtime import testing
from kwf_runtime.errors import KwfError
from tests.lib.kit import load_source

SOURCE = """
import asyncio
import kwf_runtime as W

W.config.output_topics.add("out")

@W.activity
def charge(amount):
    raise AssertionError("a test plays activities")

async def main(amount):
    W.output("hello", "out")
    try:
        paid = await charge(amount)
        answer = await W.suspend("answer")
        W.output("2000", "workflow-scheduler", W.suspend("timer").key)
        await asyncio.sleep(1)
        W.output("slept", "out")
        await W.suspend("timer")
        return [paid, answer]
    finally:
        W.output("bye", "out", "somebody")
"""


@pytest.fixture(params=[True, False], ids=["saved", "in memory"])
def thread(request):
    module = load_source("kwf_test_thread", SOURCE)
    return testing.Thread(module, 5, thread_id="t", roundtrip=request.param)


def test_a_thread_is_stepped_to_its_result(thread):
    assert thread.outputs == [("out", "t", "hello")]
    assert not thread.done
    [call] = thread.calls.values()
    assert (call.args, call.kwargs) == ((5,), {})
    thread.deliver(call.call_id, 10)
    assert thread.calls == {}
    assert thread.waiting == ["answer"]
    with pytest.raises(AssertionError, match="still waits for"):
        _ = thread.result
    thread.resume("answer", "yes")
    thread.advance(1.5)
    assert thread.outputs[-1] == ("out", "t", "slept")
    thread.advance(0.4)
    assert not thread.done
    thread.advance(0.2)
    assert thread.done
    assert thread.result == [10, "yes"]
    assert thread.outputs[-1] == ("out", "somebody", "bye")
    assert thread.error is None


def test_a_thread_fails(thread):
    [call_id] = thread.calls
    thread.deliver(call_id, error=RuntimeError("broke"))
    assert thread.error == "RuntimeError: broke"
    with pytest.raises(AssertionError, match="RuntimeError: broke"):
        _ = thread.result


def test_a_thread_is_cancelled(thread):
    thread.cancel()
    assert thread.error == "CancelToken"
    assert thread.calls == {}
    assert thread.outputs[-1] == ("out", "somebody", "bye")


def test_what_nothing_waits_for_is_a_lookup_error(thread):
    for verb, arguments in (("resume", ["x"]), ("reject", ["x", 1]), ("deliver", ["x"])):
        with pytest.raises(LookupError, match="nothing waits for 'x'"):
            getattr(thread, verb)(*arguments)
    assert "waiting" in repr(thread)


def test_virtual_time_jumps():
    async def main():
        loop = asyncio.get_running_loop()
        order = []

        async def sleeper(seconds):
            await asyncio.sleep(seconds)
            order.append((seconds, loop.time()))

        tasks = [asyncio.create_task(sleeper(s)) for s in (86_400 * 365, 0.001, 3600)]
        await testing.advance(4000)
        assert order == [(0.001, 0.001), (3600, 3600)]
        assert loop.time() == 4000
        await asyncio.gather(*tasks)
        return loop.time()

    assert testing.run(main()) == pytest.approx(86_400 * 365)


def test_a_loop_that_shows_nothing_is_refused():
    async def main():
        loop = asyncio.get_running_loop()
        ready, loop._ready = loop._ready, None
        try:
            with pytest.raises(KwfError, match="does not show what is ready"):
                await testing.rest()
        finally:
            loop._ready = ready
        with pytest.raises(KwfError, match="has no virtual clock"):
            await testing.advance(1)

    asyncio.run(main())
