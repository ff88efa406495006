"""The combinators: who is cancelled, when, and what the caller gets; the same wherever they run."""

from __future__ import annotations

import pytest

from tests.lib.kit import run_everywhere

HEAD = '''
import asyncio
import kwf_runtime as W

W.config.output_topics.add("log")

def log(*words):
    W.output(" ".join(map(str, words)), "log")

async def step(name, cleanup=None, swallow=False):
    """Wait for `name`; when cancelled, wait for `cleanup` before it ends."""
    log(name, "starts")
    try:
        value = await W.suspend(name)
        log(name, "got", value)
        return value
    except W.CancelToken:
        log(name, "token")
        if cleanup:
            log(name, "cleaned", await W.suspend(cleanup))
        if swallow:
            return name + " anyway"
        raise
    except asyncio.CancelledError:
        log(name, "plain cancel")
        if cleanup:
            log(name, "cleaned", await W.suspend(cleanup))
        raise
    finally:
        log(name, "ends")

async def noted(awaitable):
    try:
        result = await awaitable
        log("result", result)
        return result
    except asyncio.CancelledError as exc:
        log("cancelled", type(exc).__name__)
        raise
    except Exception as exc:
        log("error", type(exc).__name__, exc)
        raise
'''


def play(body, *script, head=HEAD):
    source = head + "async def main():\n" + "".join(f"    {line}\n" for line in body.split("\n"))
    return run_everywhere("main", source, script)


THREE = 'step("a"), step("b"), step("c")'


@pytest.mark.parametrize("race", ["race", "any_with_cancel"])
def test_race_cancels_the_losers_in_order_and_waits_for_them(race):
    body = f'return await noted(W.{race}(step("a", "a2"), step("b"), step("c", "c2")))'
    assert play(body, ("resume", "b", 1), ("resume", "c2", "y"), ("resume", "a2", "x")) == (
        ["a starts", "b starts", "c starts", "b got 1", "b ends", "a token", "c token"]
        + ["c cleaned y", "c ends", "a cleaned x", "a ends", "result 1"],
        "1",
    )


def test_race_raises_the_exception_of_the_first_after_the_losers_have_ended():
    body = 'return await noted(W.race(step("a", "a2"), step("b")))'
    assert play(body, ("reject", "b", "bad"), ("resume", "a2")) == (
        ["a starts", "b starts", "b ends", "a token", "a cleaned None", "a ends"]
        + ["error WorkflowError bad"],
        "WorkflowError: bad",
    )


def test_race_of_suspensions_themselves():
    body = """
first, second = W.suspend("a"), W.suspend("b")
log(await W.race(first, second))
log(await second)
log(await first)""".strip()
    assert play(body, ("resume", "b", 2), ("resume", "a", 1)) == (["2", "2", "1"], "null")


def test_what_a_loser_returns_or_raises_is_of_no_interest():
    body = """
async def fails():
    try:
        await W.suspend("f")
    finally:
        raise KeyError("cleanup")
return await noted(W.race(step("a", swallow=True), fails(), step("b")))""".strip()
    log, ended = play(body, ("resume", "b", 1))
    assert log[-1] == "result 1"
    assert ended == "1"


def test_race_whose_losers_end_at_once_ends_in_the_same_step():
    assert play(f"return await W.race({THREE})", ("resume", "c", 3))[1] == "3"


def test_two_that_settle_in_one_step_the_first_decides():
    body = """
async def both():
    await W.suspend("go")
    x.set_result("x")
    y.set_result("y")
loop = asyncio.get_running_loop()
x, y = loop.create_future(), loop.create_future()
task = asyncio.create_task(both())
return await W.race(y, x)""".strip()
    assert play(body, ("resume", "go"))[1] == '"x"'


def test_race_of_what_has_ended_already():
    body = """
done = asyncio.create_task(step("a"))
await W.suspend("a")
await asyncio.sleep(0)
return await W.race(step("b"), done)""".strip()
    log, ended = play(body, ("resume", "a", 1))
    assert ended == "1"
    assert log[-2:] == ["b token", "b ends"]


@pytest.mark.parametrize("name", ["race", "any", "any_with_cancel"])
def test_nothing_to_race(name):
    log, ended = play(f"return await W.{name}()")
    assert ended.startswith(f"ValueError: W.{name} of nothing")


@pytest.mark.parametrize("name", ["all", "all_with_cancel", "all_settled"])
def test_all_of_nothing(name):
    assert play(f"return await W.{name}()") == ([], "[]")


@pytest.mark.parametrize("name", ["all", "all_with_cancel", "all_settled"])
def test_all_gives_values_in_order(name):
    script = [("resume", ref, ref.upper()) for ref in "bca"]
    assert play(f"return await W.{name}({THREE})", *script)[1] == '["A", "B", "C"]'


def test_all_with_cancel_raises_the_first_exception_after_the_others_have_ended():
    body = 'return await noted(W.all_with_cancel(step("a"), step("b", "b2"), step("c")))'
    assert play(body, ("resume", "a", 1), ("reject", "c", "bad"), ("resume", "b2")) == (
        ["a starts", "b starts", "c starts", "a got 1", "a ends", "c ends", "b token"]
        + ["b cleaned None", "b ends", "error WorkflowError bad"],
        "WorkflowError: bad",
    )


def test_all_raises_at_once_and_the_others_go_on():
    body = """
try:
    await noted(W.all(step("a"), step("b")))
except W.WorkflowError:
    pass
await W.suspend("later")""".strip()
    assert play(body, ("reject", "a", "bad"), ("resume", "b", 2), ("resume", "later")) == (
        ["a starts", "b starts", "a ends", "error WorkflowError bad", "b got 2", "b ends"],
        "null",
    )


def test_any_lets_the_others_go_on():
    body = """
log(await W.any(step("a"), step("b")))
await W.suspend("later")""".strip()
    assert play(body, ("resume", "b", 2), ("reject", "a", "nobody cares"), ("resume", "later")) == (
        ["a starts", "b starts", "b got 2", "b ends", "2", "a ends"],
        "null",
    )


def test_all_settled_gives_values_and_exceptions():
    body = """
task = asyncio.create_task(step("c"))
outcomes = W.all_settled(step("a"), step("b"), task)
await W.suspend("go")
W.cancel(task)
return [repr(outcome) for outcome in await outcomes]""".strip()
    assert play(body, ("reject", "a", "bad"), ("resume", "b", 2), ("resume", "go"))[1] == (
        """["WorkflowError('bad')", "2", "CancelToken()"]"""
    )


@pytest.mark.parametrize(
    "name", ["all", "all_with_cancel", "all_settled", "any", "any_with_cancel", "race"]
)
def test_cancelling_from_outside_reaches_the_arguments_and_waits_for_them(name):
    body = f'return await noted(W.{name}(step("a", "a2"), step("b")))'
    assert play(body, ("cancel",), ("resume", "a2")) == (
        ["a starts", "b starts", "a token", "b token", "b ends", "a cleaned None", "a ends"]
        + ["cancelled CancelToken"],
        "CancelToken",
    )


def test_asyncios_cancellation_stays_plain():
    body = """
try:
    async with asyncio.timeout(5):
        await noted(W.all(step("a"), step("b", "b2")))
except TimeoutError:
    log("timeout")""".strip()
    assert play(body, ("advance", 6), ("resume", "b2")) == (
        ["a starts", "b starts", "a plain cancel", "a ends", "b plain cancel"]
        + ["b cleaned None", "b ends", "cancelled CancelledError", "timeout"],
        "null",
    )


def test_cancelled_again_while_the_losers_end():
    body = 'return await noted(W.race(step("a", "a2"), step("b")))'
    assert play(body, ("resume", "b", 1), ("cancel",)) == (
        ["a starts", "b starts", "b got 1", "b ends", "a token", "a ends", "cancelled CancelToken"],
        "CancelToken",
    )


def test_nested_combinators_start_in_the_order_of_the_text():
    body = f'return await noted(W.race(W.all({THREE}), step("timeout")))'
    assert play(body, ("resume", "a", 1), ("resume", "timeout", "late")) == (
        ["a starts", "b starts", "c starts", "timeout starts", "a got 1", "a ends"]
        + ["timeout got late", "timeout ends", "b token", "b ends", "c token", "c ends"]
        + ["result late"],
        '"late"',
    )


def test_token_goes_through_tasks_to_the_innermost_await():
    body = """
async def middle():
    return await asyncio.create_task(step("a"))
return await W.race(middle(), step("b"))""".strip()
    log, ended = play(body, ("resume", "b", 1))
    assert log[-2:] == ["a token", "a ends"]
    assert ended == "1"


def test_token_reaches_asyncio_sleep():
    body = """
async def sleeper():
    try:
        await asyncio.sleep(1000)
    except W.CancelToken:
        log("token")
        raise
return await W.race(asyncio.create_task(sleeper()), step("b"))""".strip()
    log, ended = play(body, ("resume", "b", 1))
    assert log[-1] == "token"
    assert ended == "1"


def test_a_combinator_can_be_awaited_twice_and_cancelled():
    body = """
both = W.all(step("a"), step("b"))
log(await both, await both)
other = W.all(step("c"))
await asyncio.sleep(0)
log(W.cancel(other))
await noted(other)""".strip()
    assert play(body, ("resume", "a", 1), ("resume", "b", 2)) == (
        ["a starts", "b starts", "a got 1", "a ends", "b got 2", "b ends", "[1, 2] [1, 2]"]
        + ["c starts", "True", "c token", "c ends", "cancelled CancelToken"],
        "CancelToken",
    )


def test_the_same_awaitable_twice():
    body = 'same = step("a")\nreturn await W.all(same, same, W.suspend("b"))'
    assert play(body, ("resume", "a", 1), ("resume", "b", 2))[1] == "[1, 1, 2]"


def test_what_cannot_be_awaited_is_refused_before_anything_starts():
    log, ended = play('await W.all(step("a"), 3)')
    assert log == []
    assert ended == (
        "TypeError: W.all: argument 2 is of type int, which cannot be awaited: "
        "give a coroutine, a task or a suspension"
    )


COMPENSATIONS = """
async def timeout(ms):
    resume = W.suspend("timer")
    W.output(str(ms), "workflow-scheduler", resume.key)
    try:
        await resume
    except W.CancelToken:
        W.output(None, "workflow-scheduler", resume.key)
        raise

async def reserve_hotel():
    try:
        return await W.suspend("hotel")
    except W.CancelToken:
        log("hotel: reservation given up")
        raise

async def cancel_hotel(hotel):
    log("hotel: cancel", hotel)

async def late():
    await timeout(100)
    raise RuntimeError("timeout")

async def book(compensations):
    hotel = await reserve_hotel()
    async def compensation():
        await cancel_hotel(hotel)
    compensations.append(compensation)
    log("hotel: booked", hotel)

async def trip(race):
    compensations = []
    try:
        await race(late(), book(compensations))
        return "booked"
    except RuntimeError as exc:
        log(str(exc))
        await W.all(*[compensate() for compensate in compensations])
        log("compensated", len(compensations))
        await W.suspend("end")
"""


def test_race_without_cancelling_has_the_concurrency_bug_of_the_readme():
    """The timeout comes first: the list is still empty, and the hotel is booked for ever."""
    script = [("advance", 0.2), ("resume", "hotel", "h1"), ("resume", "end")]
    assert play("return await trip(W.any)", *script, head=HEAD + COMPENSATIONS) == (
        ["timeout", "compensated 0", "hotel: booked h1"],
        "null",
    )


def test_race_with_cancelling_does_not():
    script = [("advance", 0.2)]
    log, ended = play("return await trip(W.race)", *script, head=HEAD + COMPENSATIONS)
    assert log == ["hotel: reservation given up", "timeout", "compensated 0"]
    assert ended == "waits"


def test_race_with_cancelling_cancels_the_timer_of_the_loser():
    script = [("resume", "hotel", "h1"), ("advance", 10)]
    assert play("return await trip(W.race)", *script, head=HEAD + COMPENSATIONS) == (
        ["hotel: booked h1"],
        '"booked"',
    )
