"""The mock's contract, for plain and for compiled modules under plain asyncio."""

from __future__ import annotations

import asyncio

import pytest

import kwf_runtime as W
from kwf_runtime import mock, testing
from kwf_runtime.errors import KwfError
from tests.lib.kit import load_source

SOURCE = """
import asyncio
import kwf_runtime as W

W.config.output_topics |= {"out", "saga-reserve-car"}
manifest = {"output_topics": ["out", "saga-reserve-car"], "channels": ["orders"]}

async def reserve():
    resume = W.suspend()
    W.output(resume.id, "saga-reserve-car")
    return await resume

async def timer(ms="1000"):
    resume = W.suspend("timer")
    W.output(ms, "workflow-scheduler", resume.key)
    return await resume

async def consume(count):
    channel = W.channel("orders")
    seen = []
    async for order in channel:
        seen.append(order)
        if len(seen) == count:
            return seen

@W.activity
def charge(amount):
    return amount * 2

@W.activity
async def charge_async(amount):
    await asyncio.sleep(1)
    return amount * 3

failures = []

@W.activity(retry=W.Retry(max_attempts=3, non_retryable=("KeyError",)))
def flaky(error, times):
    failures.append(error)
    if len(failures) <= times:
        raise error
    return len(failures)

async def try_flaky(error, times):
    failures.clear()
    try:
        return await flaky(error, times)
    except W.ActivityError as e:
        return e.type, e.message, e.attempts, "flaky" in e.traceback

async def pay():
    return await asyncio.gather(charge(1), charge_async(2))

async def undeclared():
    W.output("x", "nowhere")

async def chatty():
    W.output_json({"b": [1, None]}, "out")
    W.output(None, "out", "other")
    W.ensure_thread({"a": 1}, "child")
    W.ensure_thread(None, "child2", workflow="other")
    return W.thread_id()
"""


@pytest.fixture(params=["native", "compiled"])
def workflow(request):
    return load_source(f"kwf_test_mock_{request.param}", SOURCE, native=request.param == "native")


def test_resume_returns_when_the_thread_rests_again(workflow):
    async def test():
        task = asyncio.create_task(workflow.reserve())
        await testing.rest()
        key, ref = mock.last_topic_update["saga-reserve-car"]
        assert (key, list(mock.suspended)) == ("mock", [ref])
        await mock.resume(ref, {"id": "car-id"})
        assert task.done()
        assert mock.suspended == {}
        assert mock.trace == [("saga-reserve-car", "mock", ref)]
        return await task

    assert testing.run(test()) == {"id": "car-id"}


def test_resume_lets_what_was_just_started_suspend_first(workflow):
    async def test():
        task = asyncio.create_task(workflow.timer())
        await mock.resume("timer", 1)
        return await task

    assert testing.run(test()) == 1


def test_reject_raises_at_the_await(workflow):
    async def test():
        task = asyncio.create_task(workflow.timer())
        await mock.reject("timer", {"code": 3})
        with pytest.raises(W.WorkflowError) as caught:
            await task
        return caught.value.value

    assert testing.run(test()) == {"code": 3}


def test_unknown_ids_are_lookup_errors(workflow):
    async def test():
        task = asyncio.create_task(workflow.timer())
        for call in (mock.resume("other"), mock.reject("other", "x")):
            with pytest.raises(LookupError, match="'other'; what does: 'timer'"):
                await call
        await mock.resume("timer")
        with pytest.raises(LookupError):
            await mock.resume("timer")
        await task

    testing.run(test())


def test_handlers_sync_and_async_play_the_services(workflow):
    async def answer(value, key, topic):
        await mock.resume(value, [key, topic])

    mock.topic_handlers["saga-reserve-car"] = answer
    assert testing.run(workflow.reserve()) == ["mock", "saga-reserve-car"]

    mock.topic_handlers["saga-reserve-car"] = lambda value, key, topic: mock.suspended[
        value
    ].settle("at once")
    assert testing.run(workflow.reserve()) == "at once"


def test_undeclared_topics_are_errors_unless_they_have_a_handler(workflow):
    with pytest.raises(W.UndeclaredTopicError, match="'nowhere' is not declared"):
        testing.run(workflow.undeclared())
    seen = []
    mock.topic_handlers["nowhere"] = lambda *arguments: seen.append(arguments)
    testing.run(workflow.undeclared())
    assert seen == [("x", "mock", "nowhere")]


def test_outputs_are_traced(workflow):
    assert testing.run(workflow.chatty()) == "mock"
    assert mock.trace == [
        ("out", "mock", '{"b":[1,null]}'),
        ("out", "other", None),
        ("workflow-resume", "child", 'new:{"a":1}'),
        ("workflow-resume", "child2", "new@other:null"),
    ]
    assert mock.last_topic_update["out"] == ("other", None)


def test_the_threads_id_can_be_set(workflow):
    mock.thread_id = "t7"
    assert testing.run(workflow.chatty()) == "t7"
    assert mock.trace[0][1] == "t7"
    mock.reset()
    assert testing.run(workflow.chatty()) == "mock"


def test_timers_run_on_the_virtual_clock(workflow):
    async def test():
        loop = asyncio.get_running_loop()
        before = loop.time()
        assert await workflow.timer(str(90 * 86_400_000)) is None
        return loop.time() - before

    assert testing.run(test()) == pytest.approx(90 * 86_400)


@pytest.mark.parametrize("value", [None, "0"])
def test_timers_are_cancelled(workflow, value):
    async def test():
        task = asyncio.create_task(workflow.timer())
        await testing.advance(0.5)
        W.output(value, "workflow-scheduler", mock.suspended["timer"].key)
        await testing.advance(10)
        assert not task.done()
        task.cancel()

    testing.run(test())


def test_a_later_record_moves_the_timer(workflow):
    async def test():
        task = asyncio.create_task(workflow.timer())
        await testing.advance(0.5)
        W.output("5000", "workflow-scheduler", mock.suspended["timer"].key)
        await testing.advance(4.9)
        assert not task.done()
        await testing.advance(0.2)
        assert task.done()

    testing.run(test())


def test_timers_of_what_has_ended_and_of_other_threads_do_nothing(workflow):
    async def test():
        task = asyncio.create_task(workflow.timer())
        await testing.rest()
        W.output("1000", "workflow-scheduler", 'other|{"ref":"timer"}')
        W.output("1000", "workflow-scheduler", 'mock|{"ref":"gone"}')
        await mock.resume("timer", "first")
        await testing.advance(5)
        return await task

    assert testing.run(test()) == "first"


def test_timers_carry_errors(workflow):
    async def test():
        task = asyncio.create_task(workflow.timer())
        await testing.rest()
        W.output("2000", "workflow-scheduler", 'mock|{"ref":"timer","error":"late"}')
        W.output(None, "workflow-scheduler", mock.suspended["timer"].key)
        with pytest.raises(W.WorkflowError, match="late"):
            await task

    testing.run(test())


def test_channels_keep_records(workflow):
    async def test():
        await mock.resume("orders", 0)  # before W.channel: the manifest lists it
        task = asyncio.create_task(workflow.consume(3))
        await mock.resume("orders", 1)
        await mock.resume("orders", 2)
        assert await task == [0, 1, 2]
        await mock.reject("orders", "bad")
        await mock.resume("orders", 3)
        with pytest.raises(W.WorkflowError, match="bad"):
            await workflow.consume(1)
        assert W.channel("orders").qsize() == 1
        assert W.channel("orders").get_nowait() == 3
        assert W.channel("orders").empty()
        with pytest.raises(asyncio.QueueEmpty):
            W.channel("orders").get_nowait()

    testing.run(test())


def test_a_name_is_a_channel_or_a_suspension(workflow):
    async def test():
        with pytest.raises(ValueError, match="is a channel"):
            W.suspend("orders")
        W.suspend("x")
        with pytest.raises(ValueError, match="is a suspension"):
            W.channel("x")

    testing.run(test())


def test_suspensions_are_shared_and_awaited_again(workflow):
    async def test():
        first, second = W.suspend("x"), W.suspend("x")
        assert first is second
        assert W.ref_id("x") is first
        assert first.key == 'mock|{"ref":"x"}'
        awaiters = [asyncio.create_task(_await(first)) for _ in range(3)]
        await testing.rest()
        awaiters[0].cancel()
        await mock.resume("x", 1)
        assert awaiters[0].cancelled()
        assert [await one for one in awaiters[1:]] == [1, 1]
        assert await first == 1
        assert W.suspend("x") is not first
        assert W.suspend().id != W.ref("name").id

    testing.run(test())


async def _await(awaitable):
    return await awaitable


def test_cancelling_a_suspension_ends_it_for_all(workflow):
    async def test():
        suspension = W.suspend("x")
        awaiters = [asyncio.create_task(_await(suspension)) for _ in range(2)]
        await testing.rest()
        assert W.cancel(suspension)
        assert not W.cancel(suspension)
        for awaiter in awaiters:
            with pytest.raises(W.CancelToken):
                await awaiter
        assert mock.suspended == {}

    testing.run(test())


def test_activities_run_here(workflow):
    assert testing.run(workflow.pay()) == [2, 6]


def test_activities_that_fail(workflow):
    assert testing.run(workflow.try_flaky(ValueError("v"), 2)) == 3
    assert testing.run(workflow.try_flaky(ValueError("v"), 9)) == ("ValueError", "v", 3, True)
    assert testing.run(workflow.try_flaky(KeyError("k"), 9)) == ("KeyError", "'k'", 1, True)
    with pytest.raises(TypeError, match="flaky"):
        workflow.flaky()


def test_two_may_rest_at_once(workflow):
    async def test():
        tasks = [asyncio.create_task(_await(W.suspend(str(n)))) for n in range(3)]
        await asyncio.gather(*(mock.resume(str(n), n) for n in range(3)))
        return [task.result() for task in tasks]

    assert testing.run(test()) == [0, 1, 2]


def test_works_on_asyncios_own_loop(workflow):
    async def test():
        task = asyncio.create_task(workflow.timer("1"))
        assert await task is None
        both = W.all(W.suspend("a"), W.suspend("b"))
        await mock.resume("b", 2)
        await mock.resume("a", 1)
        assert await both == [1, 2]
        lost = W.race(workflow.reserve(), W.suspend("b"))
        await mock.resume("b", 2)
        return await lost

    assert asyncio.run(test()) == 2


def test_the_token_arrives_on_asyncios_own_loop():
    seen = []

    async def sleeper(what):
        try:
            await what
        except asyncio.CancelledError as exc:
            seen.append(type(exc))
            raise

    async def test():
        before = asyncio.create_task(sleeper(W.suspend("x")))
        await testing.rest()
        one = W.race(sleeper(asyncio.sleep(100)), before, W.suspend("go"))
        two = asyncio.create_task(sleeper(asyncio.sleep(100)))
        await mock.resume("go", 1)
        assert await one == 1
        assert W.cancel(two)
        await testing.rest()

    asyncio.run(test())
    assert seen == [W.CancelToken] * 3


def test_is_off_without_the_variable(workflow, monkeypatch):
    monkeypatch.delenv("KWF_MOCK")
    with pytest.raises(W.NoThreadError):
        testing.run(workflow.chatty())


def test_a_deadlock_is_an_error_not_a_hang(workflow):
    with pytest.raises(KwfError, match="nothing is left that could wake"):
        testing.run(workflow.timer(None))
