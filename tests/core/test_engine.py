"""The engine: events in, outcomes out."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from core_support import Driver

import kwf_runtime as W
from kwf_runtime.core.current import current, require
from kwf_runtime.core.engine import Outcome, Program, Workflow, step
from kwf_runtime.core.events import ActivityDone, Cancel, Resume, Start, TimersDue
from kwf_runtime.core.outputs import Emit
from kwf_runtime.errors import CodeMissingError, NoThreadError, UnknownWorkflowError


def sleep(ms):
    """A native future that a timer of the thread ends."""
    loop = require("sleep").loop
    future = loop.create_future()
    loop.call_later(ms / 1000, future._set_result_unless_cancelled, None)
    return future


def create_task(coro, **options):
    return require("create_task").loop.create_task(coro, **options)


def test_completes_with_json():
    async def main(arg):
        return {"got": arg, "thread": W.thread_id()}

    result = Driver(main).start([1, "ü"])
    assert result.outcome is Outcome.COMPLETED
    assert result.result == '{"got":[1,"ü"],"thread":"t1"}'
    assert result.thread is None


def test_main_without_parameter_is_called_without():
    async def main():
        return "none"

    assert Driver(main).start({"a": 1}).result == '"none"'


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(lambda **kw: kw, id="named only"),
        pytest.param(lambda a, b: a, id="two"),
        pytest.param(lambda *, a: a, id="required name"),
    ],
)
def test_main_that_cannot_take_the_argument_fails(function):
    result = Driver(function).start(1)
    assert result.outcome is Outcome.FAILED
    assert result.error.startswith("TypeError: ")
    assert "positional argument" in result.error


def test_main_with_an_optional_parameter_gets_the_argument():
    async def main(arg="default", *rest):
        return arg

    assert Driver(main).start("given").result == '"given"'


def test_main_that_is_no_coroutine_function():
    result = Driver(lambda arg: 5).start()
    assert result.error == (
        "TypeError: the function of workflow 'test' returned int, not a coroutine: "
        "define it with `async def`"
    )


def test_failure_has_type_message_and_user_traceback():
    class MyError(Exception):
        pass

    async def fails():
        await W.suspend("x")
        raise MyError("my message")

    async def main(arg):
        try:
            await create_task(fails())
        except MyError as exc:
            raise KeyError("outer") from exc

    driver = Driver(main)
    driver.start()
    result = driver.resume("x")
    assert result.outcome is Outcome.FAILED
    assert result.error == "KeyError: 'outer'"
    assert "MyError: my message" in result.traceback
    assert "The above exception was the direct cause" in result.traceback
    assert "in fails" in result.traceback
    assert "in main" in result.traceback
    assert "kwf_runtime" not in result.traceback.replace("kwf_runtime as W", "")
    assert result.traceback.rstrip().endswith("KeyError: 'outer'")


def test_traceback_of_a_group_has_user_lines_only():
    async def main(arg):
        try:
            W.output("x", "undeclared")
        except Exception as exc:
            raise ExceptionGroup("many", [exc]) from None

    result = Driver(main).start()
    assert "ExceptionGroup: many" in result.traceback
    assert 'W.output("x", "undeclared")' in result.traceback
    assert "api.py" not in result.traceback


def test_error_without_message_and_with_a_broken_str():
    class Broken(Exception):
        def __str__(self):
            raise RuntimeError

    async def empty():
        raise ValueError

    async def broken():
        raise Broken

    assert Driver(empty).start().error == "ValueError"
    assert Driver(broken).start().error == "Broken: <the exception's __str__ failed>"


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_exits_end_the_thread_alone(kind):
    async def main():
        await W.suspend("x")
        raise kind("now")

    driver = Driver(main)
    driver.start()
    result = driver.resume("x")
    assert result.outcome is Outcome.FAILED
    assert result.error == f"{kind.__name__}: now"


def test_exit_in_a_callback_is_logged():
    async def main():
        require("x").loop.call_soon(exit, 3)
        await W.suspend("x")

    result = Driver(main).start()
    assert result.outcome is Outcome.WAITING
    assert result.logs[0].message.startswith("Exception in callback")
    assert "SystemExit" in result.logs[0].message


def test_result_that_is_not_json_fails_with_its_path():
    async def main():
        return {"items": [1, {"lock": object()}]}

    result = Driver(main).start()
    assert result.outcome is Outcome.FAILED
    assert result.error == (
        "JsonError: the result of the workflow cannot be written as JSON: "
        "$.items[1].lock: an object of type object has no JSON form"
    )


def test_start_of_a_living_thread_changes_nothing():
    async def main(arg):
        await sleep(1000)
        return arg

    driver = Driver(main)
    due = driver.start(1).due_ms
    thread = driver.thread
    result = driver.start(2)
    assert (result.outcome, result.thread, result.due_ms) == (Outcome.EXISTS, thread, due)
    assert driver.tick(1000).result == "1"


@pytest.mark.parametrize(
    "event", [Resume("x"), TimersDue(), ActivityDone("1:a0"), Cancel()], ids=repr
)
def test_events_without_a_thread_are_unmatched(event):
    async def main():
        pass

    result = Driver(main).send(event)
    assert (result.outcome, result.thread, result.outputs) == (Outcome.UNMATCHED, None, ())


@pytest.mark.parametrize("event", [Resume("y"), TimersDue(), ActivityDone("1:a0")], ids=repr)
def test_unknown_events_leave_the_thread_untouched(event):
    async def main():
        W.output("once", "out")
        return await W.suspend("x")

    driver = Driver(main)
    driver.start()
    result = driver.send(event)
    assert (result.outcome, result.outputs, result.due_ms) == (Outcome.UNMATCHED, (), None)
    assert driver.resume("x", 5).result == "5"


def test_settled_ref_is_unmatched_afterwards():
    async def main():
        first = await W.suspend("x")
        await W.suspend("y")
        return first

    driver = Driver(main)
    driver.start()
    driver.resume("x", 1)
    assert driver.resume("x", 2).outcome is Outcome.UNMATCHED
    assert driver.resume("y").result == "1"


def test_cancel_raises_the_token_at_the_innermost_await():
    seen = []

    async def inner():
        try:
            await W.suspend("x")
        except W.CancelToken as exc:
            seen.append(exc)
            W.output("cleaned", "out")
            raise

    async def main():
        await create_task(inner())

    driver = Driver(main)
    driver.start()
    result = driver.cancel()
    assert result.outcome is Outcome.FAILED
    assert result.error == "CancelToken"
    assert result.outputs == (Emit("out", "t1", "cleaned"),)
    assert isinstance(seen[0], asyncio.CancelledError)


def test_main_may_survive_a_cancellation():
    async def main():
        try:
            await W.suspend("x")
        except W.CancelToken:
            return await W.suspend("y")

    driver = Driver(main)
    driver.start()
    assert driver.cancel().outcome is Outcome.WAITING
    # "x" was chosen, so it lives on without its awaiter.
    assert driver.resume("x").outcome is Outcome.WAITING
    assert driver.resume("y", "alive").result == '"alive"'


def test_any_cancelled_main_reports_the_token():
    async def main():
        require("x").loop.current_task.cancel("why")
        await W.suspend()

    assert Driver(main).start().error == "CancelToken: why"


def test_end_of_main_cancels_the_rest_as_asyncio_run_does():
    trace = []

    async def worker(n):
        try:
            await W.suspend()
        except BaseException as exc:
            trace.append((n, type(exc)))
            raise
        finally:
            W.output(f"finally {n}", "out")

    async def suspends_again():
        try:
            await W.suspend()
        finally:
            W.output("again", "out")
            await W.suspend()
            trace.append("never")

    async def fails_at_the_end():
        try:
            await W.suspend()
        finally:
            raise ValueError("at the end")

    async def main():
        for coro in (worker(1), suspends_again(), fails_at_the_end(), worker(2)):
            create_task(coro)
        await W.suspend("go")
        return "main"

    driver = Driver(main)
    driver.start()
    result = driver.resume("go")
    assert (result.outcome, result.result) == (Outcome.COMPLETED, '"main"')
    assert [output.value for output in result.outputs] == ["finally 1", "again", "finally 2"]
    assert trace == [(1, asyncio.CancelledError), (2, asyncio.CancelledError)]
    assert len(result.logs) == 1
    assert "ValueError: at the end" in result.logs[0].message
    assert "fails_at_the_end" in result.logs[0].traceback


def test_exception_never_retrieved_is_a_log_entry():
    async def fails():
        raise ValueError("lost")

    async def main():
        create_task(fails())
        await W.suspend("x")
        return "ok"

    driver = Driver(main)
    result = driver.start()
    assert [log.message for log in result.logs] == [
        "Task exception was never retrieved: ValueError: lost"
    ]
    assert "in fails" in result.logs[0].traceback
    assert driver.resume("x").logs == ()


def test_step_of_one_thread_never_touches_another():
    async def main(arg):
        W.output(arg, "out")
        await W.suspend("x")
        W.output(f"{arg} again", "out")
        raise ValueError(arg)

    a, b = Driver(main), Driver(main)
    a.start("a")
    b.start("b")
    assert a.resume("x").outputs == (Emit("out", "t1", "a again"),)
    assert b.resume("x").outputs == (Emit("out", "t1", "b again"),)
    assert current() is None


def test_timers_fire_in_due_order_with_the_clock_of_the_step():
    trace = []

    async def timed(name, ms):
        await sleep(ms)
        trace.append((name, require("x").loop.time()))

    async def main():
        tasks = [create_task(timed(n, ms)) for n, ms in (("c", 300), ("a", 100), ("b", 200))]
        for task in tasks:
            await task

    driver = Driver(main, now_ms=0)
    assert driver.start().due_ms == 100
    assert driver.tick(99).outcome is Outcome.UNMATCHED
    assert driver.tick(1).due_ms == 200
    assert driver.tick(10_000).outcome is Outcome.COMPLETED
    assert trace == [("a", 0.1), ("b", 10.1), ("c", 10.1)]


def test_a_record_wins_over_a_timer_that_fell_due_meanwhile():
    async def main():
        suspension = W.suspend("x")
        timer = sleep(1000)
        done = require("x").loop.create_future()
        for one in (suspension.__kwf_await__(), timer):
            one.add_done_callback(lambda f: done.done() or done.set_result(f.result()))
        return await done

    driver = Driver(main)
    driver.start()
    driver.now_ms += 5000
    assert driver.resume("x", "record").result == '"record"'


@pytest.mark.parametrize("delay", [0.0004, 0.1, 1 / 3, 12345.6789, 86400 * 365 * 50])
def test_timers_are_never_early_and_always_fire_when_due(delay):
    async def main():
        loop = require("x").loop
        future = loop.create_future()
        timer = loop.call_later(delay, future.set_result, None)
        await future
        assert loop.time() >= timer.when() - 1e-6
        return "fired"

    driver = Driver(main, now_ms=1_732_000_000_123)
    due_ms = driver.start().due_ms
    driver.now_ms = due_ms - 1
    assert driver.tick().outcome is Outcome.UNMATCHED
    assert driver.tick(1).result == '"fired"'


def test_cancelled_timers_do_not_pile_up():
    async def main():
        loop = require("x").loop
        month = 30 * 86400
        while True:
            timers = [loop.call_later(month, print) for _ in range(7)]
            await W.suspend("x")
            for timer in timers:
                timer.cancel()
                timer.cancel()

    driver = Driver(main)
    driver.start()
    for _ in range(50):
        driver.resume("x")
    loop = driver.thread.loop
    assert len(loop._timers) == 7
    assert loop.cancelled_timers == 0


def test_many_timers_are_swept_now_and_then():
    async def main():
        loop = require("x").loop
        keep = [loop.call_later(10_000 + n, print) for n in range(200)]
        while True:
            loop.call_later(5_000, print).cancel()
            await W.suspend("x")
            assert keep

    driver = Driver(main)
    driver.start()
    for _ in range(500):
        driver.resume("x")
    assert 200 <= len(driver.thread.loop._timers) <= 401
    assert driver.thread.loop.cancelled_timers == len(driver.thread.loop._timers) - 200


@pytest.mark.parametrize("when", [float("nan"), float("inf")])
def test_impossible_timer(when):
    async def main():
        require("x").loop.call_later(when, print)

    assert Driver(main).start().error.startswith("ValueError: a timer cannot be due at")


def test_loop_refuses_executors_and_says_where_the_work_goes():
    async def main():
        loop = require("x").loop
        assert (loop.get_debug(), loop.is_running(), loop.is_closed()) == (False, True, False)
        loop.run_in_executor(None, print)

    assert "@W.activity" in Driver(main).start().error


def test_foreign_future_is_an_error_that_names_activities():
    async def main():
        loop = asyncio.new_event_loop()
        try:
            await loop.create_future()
        finally:
            loop.close()

    error = Driver(main).start().error
    assert error.startswith("RuntimeError: task 'Task-1' awaits a")
    assert "Future" in error
    assert "@W.activity" in error


def test_future_of_another_thread():
    futures = []

    async def first():
        futures.append(require("x").loop.create_future())
        await W.suspend()

    async def second():
        await futures[0]

    Driver(first).start()
    assert "attached to a different loop" in Driver(second).start().error


def test_task_names_are_numbered_per_thread():
    async def main():
        tasks = [create_task(asyncio.sleep(0)) for _ in range(2)]
        return [require("x").loop.current_task.get_name(), *(t.get_name() for t in tasks)]

    for _ in range(2):
        assert Driver(main).start().result == '["Task-1","Task-2","Task-3"]'


def test_stuck_thread_is_flagged():
    async def main():
        await require("x").loop.create_future()

    result = Driver(main).start()
    assert (result.outcome, result.stuck) == (Outcome.WAITING, True)


@pytest.mark.parametrize("config", [{}, {"channels": ["c"]}])
def test_waiting_thread_is_not_stuck(config):
    async def main():
        kept = W.suspend() if not config else None
        await require("x").loop.create_future()
        del kept

    assert not Driver(main, **config).start().stuck


def test_unknown_workflows():
    async def main():
        await W.suspend("x")

    driver = Driver(main)
    with pytest.raises(UnknownWorkflowError, match=r"no workflow 'nope' \(loaded: test\)"):
        driver.send(Start("nope"))
    driver.start()
    other = Program({"other": Workflow("other", main)}, "other")
    with pytest.raises(CodeMissingError, match="no workflow 'test'"):
        step(other, "t1", driver.thread, Resume("x"), step_id="9", now_ms=0)


def test_callers_context_and_thread_are_its_own():
    import contextvars

    variable = contextvars.ContextVar("variable", default="unset")

    async def main():
        seen = variable.get()
        variable.set("inside")
        await W.suspend("x")
        return [seen, variable.get()]

    variable.set("outside")
    driver = Driver(main)
    driver.start()
    assert driver.resume("x").result == '["unset","inside"]'
    assert variable.get() == "outside"


def test_outside_of_a_thread():
    with pytest.raises(NoThreadError, match=r"W\.thread_id was called outside"):
        W.thread_id()
    with pytest.raises(NoThreadError):
        require("anything")


def test_results_are_frozen():
    async def main():
        pass

    result = Driver(main).start()
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.outcome = Outcome.FAILED
