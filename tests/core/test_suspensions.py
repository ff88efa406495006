"""Suspensions and channels: what the contract says of them."""

from __future__ import annotations

import asyncio
import gc
import json

import pytest
from core_support import Driver

import kwf_runtime as W
from kwf_runtime.core.current import require
from kwf_runtime.core.engine import Outcome


def create_task(coro, **options):
    return require("create_task").loop.create_task(coro, **options)


def turn():
    """A native awaitable that gives the others a turn."""
    return asyncio.sleep(0)


def test_ids_are_made_of_the_step_and_a_count():
    async def main():
        first, second = W.suspend(), W.ref("name")
        await W.suspend("go")
        third = W.suspend()
        return [first.id, second.id, third.id]

    driver = Driver(main)
    driver.offset = 41
    driver.start()
    driver.offset = 77
    assert driver.resume("go").result == '["41:0","41:1","77:0"]'


def test_a_fresh_id_is_never_one_that_is_in_use():
    async def main():
        chosen = [W.suspend("0:0"), W.suspend("0:2")]
        W.channel("0:1")
        fresh = W.suspend()
        del chosen
        return fresh.id

    assert Driver(main).start().result == '"0:3"'


@pytest.mark.parametrize("ref", ["plain", 'a"b', "back\\slash", "ü€😀", "a|b", "\n\x00\x7f\u2028"])
def test_key_is_what_json_stringify_writes(ref):
    async def main():
        return W.suspend(ref).key

    key = json.loads(Driver(main).start().result)
    head, _, body = key.partition("|")
    assert head == "t1"
    assert json.loads(body) == {"ref": ref}
    assert body.startswith('{"ref":"')
    assert " " not in body.replace(ref, "")


def test_answer_before_the_await_counts():
    async def main():
        early = W.suspend("early")
        await W.suspend("go")
        assert early.done()
        return [await early, await early]

    driver = Driver(main)
    driver.start()
    driver.resume("early", {"a": 1})
    assert driver.resume("go").result == '[{"a":1},{"a":1}]'


def test_awaited_by_several_and_again_after_it_ended():
    trace = []

    async def waits(n, suspension):
        trace.append((n, await suspension))

    async def main():
        suspension = W.suspend("x")
        tasks = [create_task(waits(n, suspension)) for n in range(3)]
        for task in tasks:
            await task
        return await suspension

    driver = Driver(main)
    driver.start()
    assert driver.resume("x", "v").result == '"v"'
    assert trace == [(0, "v"), (1, "v"), (2, "v")]


def test_error_is_raised_as_workflow_error_with_the_value():
    async def main():
        suspension = W.suspend("x")
        errors = []
        for _ in range(2):
            try:
                await suspension
            except W.WorkflowError as exc:
                errors.append(exc)
        assert errors[0] is not errors[1]
        return [errors[0].value, str(errors[0])]

    driver = Driver(main)
    driver.start()
    result = driver.reject("x", {"code": 1, "text": "ü"})
    assert json.loads(result.result) == [{"code": 1, "text": "ü"}, '{"code":1,"text":"ü"}']


@pytest.mark.parametrize(
    ("error", "text"),
    [("plain", "WorkflowError: plain"), (None, "WorkflowError: null"), ([], "WorkflowError: []")],
)
def test_error_that_nobody_catches(error, text):
    async def main():
        await W.suspend("x")

    driver = Driver(main)
    driver.start()
    assert driver.reject("x", error).error == text


def test_cancelling_one_awaiter_leaves_it_to_the_others():
    async def waits(suspension):
        return await suspension

    async def main():
        suspension = W.suspend()
        first, second = create_task(waits(suspension)), create_task(waits(suspension))
        await turn()
        first.cancel()
        await turn()
        await turn()
        assert first.cancelled()
        return await second

    driver = Driver(main)
    driver.start()
    assert driver.resume("0:0", 5).result == "5"


def test_living_id_gives_the_same_object():
    async def main():
        first, fresh = W.suspend("x"), W.suspend()
        assert W.suspend("x") is first
        assert W.ref_id("x") is first
        assert W.ref_id("x", "t1") is first
        assert W.suspend(fresh.id) is fresh
        return await first

    driver = Driver(main)
    driver.start()
    assert driver.resume("x", 1).result == "1"


def test_ref_id_of_another_thread():
    async def main():
        W.ref_id("x", "t2")

    assert "waits for its own refs only" in Driver(main).start().error


def test_id_can_be_used_again_once_settled():
    async def main():
        return [await W.suspend("x"), await W.suspend("x")]

    driver = Driver(main)
    driver.start()
    driver.resume("x", 1)
    assert driver.resume("x", 2).result == "[1,2]"


def test_chosen_id_lives_without_a_reference():
    async def main():
        W.suspend("x")
        await W.suspend("go")
        return await W.suspend("x")

    driver = Driver(main)
    driver.start()
    gc.collect()
    driver.resume("x", "kept?")
    # Settled, and nobody holds the value: the id is free, as after any settlement.
    driver.resume("go")
    assert driver.resume("x", "second").result == '"second"'


def test_made_up_id_that_nobody_holds_is_gone():
    async def main():
        for _ in range(3):
            W.suspend()
        held = W.suspend()
        await W.suspend("go")
        return await held

    driver = Driver(main)
    driver.start()
    assert driver.resume("0:0").outcome is Outcome.UNMATCHED
    assert driver.resume("0:3", "early").outcome is Outcome.WAITING
    assert driver.resume("go").result == '"early"'


def test_endless_race_does_not_grow_the_state():
    async def main():
        loop = require("x").loop
        while True:
            settled = loop.create_future()
            answer = W.suspend().__kwf_await__()
            timer = loop.call_later(5, settled.set_result, None)
            answer.add_done_callback(lambda f, s=settled: s.done() or s.set_result(f))
            await settled
            answer.cancel()
            timer.cancel()

    driver = Driver(main)
    driver.start()
    for _ in range(30):
        driver.tick(5000)
    thread = driver.thread
    assert len(thread.suspensions) == 1
    assert len(thread._weak()) <= 1
    assert len(thread.loop._timers) == 1


def test_background_task_is_not_lost():
    async def background():
        W.output(await W.suspend(), "out")

    async def main():
        create_task(background())
        await W.suspend("end")

    driver = Driver(main)
    driver.start()
    gc.collect()
    assert driver.resume("0:0", "late").outputs[0].value == "late"


def test_cancelled_suspension_is_cancelled_for_all():
    async def waits(suspension):
        try:
            await suspension
        except W.CancelToken:
            return "token"

    async def main():
        suspension = W.suspend("x")
        tasks = [create_task(waits(suspension)) for _ in range(2)]
        await turn()
        assert W.cancel(suspension)
        assert not W.cancel(suspension)
        return [await task for task in tasks] + [await waits(suspension)]

    assert Driver(main).start().result == '["token","token","token"]'


def test_answer_to_a_cancelled_suspension_is_unmatched():
    async def main():
        W.cancel(W.suspend("x"))
        await W.suspend("go")

    driver = Driver(main)
    driver.start()
    assert driver.resume("x").outcome is Outcome.UNMATCHED


def test_task_of_a_suspension():
    async def main():
        return await create_task(W.suspend("x"), name="waits")

    driver = Driver(main)
    driver.start()
    assert "await of <Suspension 'x' pending>" in repr(driver.thread.loop.tasks)
    assert driver.resume("x", 1).result == "1"


@pytest.mark.parametrize("bad", [5, b"x", "\ud800"])
def test_ids_are_text(bad):
    async def main():
        W.suspend(bad)

    assert Driver(main).start().error.startswith(("TypeError: W.suspend", "ValueError: W.suspend"))


# Channels


def test_channel_keeps_records_and_gives_them_in_order():
    async def main():
        channel = W.channel("c")
        assert W.channel("c") is channel
        await W.suspend("go")
        assert (channel.qsize(), channel.empty()) == (3, False)
        got = [await channel.get(), channel.get_nowait(), await channel.get()]
        with pytest.raises(asyncio.QueueEmpty):
            channel.get_nowait()
        return [*got, await channel.get()]

    driver = Driver(main)
    driver.start()
    for n in range(3):
        driver.resume("c", n)
    driver.resume("go")
    assert driver.resume("c", 3).result == "[0,1,2,3]"


def test_async_for_over_a_channel():
    async def main():
        got = []
        async for item in W.channel("c"):
            if item is None:
                return got
            got.append(item)

    driver = Driver(main)
    driver.start()
    driver.resume("c", "a")
    driver.resume("c", "b")
    assert driver.resume("c").result == '["a","b"]'


def test_error_record_is_raised_by_get():
    async def main():
        channel, got = W.channel("c"), []
        for get in (channel.get, channel.get, channel.get_nowait):
            try:
                item = get()
                got.append(await item)
            except W.WorkflowError as exc:
                got.append(f"error {exc}")
        return got

    driver = Driver(main)
    driver.start()
    driver.reject("c", "one")
    driver.resume("c", 2)
    assert driver.result.outcome is Outcome.FAILED  # get_nowait of an empty channel


def test_getters_take_turns():
    async def gets(n):
        return [n, await W.channel("c").get()]

    async def main():
        tasks = [create_task(gets(n)) for n in range(3)]
        return [await task for task in tasks]

    driver = Driver(main)
    driver.start()
    driver.resume("c", "a")
    driver.resume("c", "b")
    assert driver.resume("c", "c").result == '[[0,"a"],[1,"b"],[2,"c"]]'


@pytest.mark.parametrize("error", [False, True])
def test_cancelled_get_loses_no_item(error):
    """The record has come, but the getter is cancelled before it has run."""

    async def gets():
        return await W.channel("c").get()

    async def main():
        channel = W.channel("c")
        task = create_task(gets())
        await turn()
        (getter,) = channel.getters
        if error:
            channel.put(None, "item")
        else:
            channel.put("item")
        assert getter.done()
        assert channel.empty()
        task.cancel()
        await turn()
        await turn()
        assert task.cancelled()
        assert channel.qsize() == 1
        try:
            return await channel.get()
        except W.WorkflowError as exc:
            return str(exc)

    result = Driver(main).start()
    assert (result.result, result.logs) == ('"item"', ())


def test_item_given_back_goes_to_the_next_getter():
    async def gets():
        return await W.channel("c").get()

    async def main():
        channel = W.channel("c")
        first, second = create_task(gets()), create_task(gets())
        await turn()
        channel.put("item")
        first.cancel()
        return await second

    assert Driver(main).start().result == '"item"'


def test_cancelled_waiting_get_leaves_the_line():
    async def main():
        channel = W.channel("c")
        task = create_task(channel.get())
        await turn()
        task.cancel()
        await turn()
        await turn()
        assert not channel.getters
        return await channel.get()

    driver = Driver(main)
    driver.start()
    assert driver.resume("c", 1).result == "1"


def test_getter_that_was_read_keeps_its_item():
    async def main():
        channel = W.channel("c")
        getter = channel.get().__kwf_await__()
        channel.put(1)
        assert getter.exception() is None
        assert not getter.cancel()
        assert getter.result() == 1
        return channel.qsize()

    assert Driver(main).start().result == "0"


def test_records_before_the_first_call_are_kept_if_declared():
    async def main():
        await W.suspend("go")
        return [await W.channel("declared").get(), W.channel("other").qsize()]

    driver = Driver(main, channels=["declared"])
    driver.start()
    assert driver.resume("declared", "early").outcome is Outcome.WAITING
    assert driver.resume("other", "early").outcome is Outcome.UNMATCHED
    assert driver.resume("go").result == '["early",0]'


def test_a_name_is_not_both():
    async def channel_first():
        W.channel("x")
        W.suspend("x")

    async def suspension_first():
        W.suspend("x")
        W.channel("x")

    async def declared():
        W.suspend("x")

    async def one_after_the_other():
        await W.suspend("x")
        return W.channel("x").qsize()

    assert "'x' is a channel" in Driver(channel_first).start().error
    assert "'x' is a suspension" in Driver(suspension_first).start().error
    assert "'x' is a channel" in Driver(declared, channels=["x"]).start().error
    driver = Driver(one_after_the_other)
    driver.start()
    assert driver.resume("x").result == "0"
