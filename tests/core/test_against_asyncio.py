"""The same programs on asyncio and on a workflow thread: the same trace is demanded."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import types

import pytest
from core_support import Driver

from kwf_runtime.core.current import require
from kwf_runtime.core.engine import Outcome
from kwf_runtime.core.futures import Future
from kwf_runtime.core.tasks import Task

VARIABLE = contextvars.ContextVar("VARIABLE", default="default")


class World:
    """What a program needs of either side."""

    def __init__(self, loop, future_class, task_class):
        self.loop = loop
        self.trace = []
        self.Future = future_class
        self.Task = task_class

    def log(self, *words):
        self.trace.append(" ".join(str(word) for word in words))

    def task(self, coro, **options):
        return self.loop.create_task(coro, **options)

    def future(self):
        return self.loop.create_future()

    def current(self):
        if isinstance(self.loop, asyncio.AbstractEventLoop):
            return asyncio.current_task()
        return self.loop.current_task

    async def sleep(self, ms):
        future = self.future()
        handle = self.loop.call_later(ms / 1000, set_result_unless_done, future)
        try:
            await future
        finally:
            handle.cancel()


def set_result_unless_done(future):
    if not future.done():
        future.set_result(None)


@types.coroutine
def bare_yield(value=None):
    yield value


async def turn():
    await bare_yield()


def on_asyncio(program):
    async def main():
        loop = asyncio.get_running_loop()
        world = World(loop, asyncio.Future, asyncio.Task)
        loop.set_exception_handler(
            lambda _, context: world.log("handler:", context["message"].split(" ")[0])
        )
        try:
            world.log("result", repr(await program(world)))
        except BaseException as exc:
            world.log("raised", repr(exc))
        return world.trace

    return asyncio.run(main())


def on_thread(program):
    worlds = []
    logs = []

    async def main():
        world = World(require("test").loop, Future, Task)
        worlds.append(world)
        handle = world.loop.call_exception_handler

        def handler(context):
            world.log("handler:", context["message"].split(" ")[0])
            handle(context)

        handler_of(world.loop, handler)
        try:
            world.log("result", repr(await program(world)))
        except BaseException as exc:
            world.log("raised", repr(exc))

    driver = Driver(main)
    driver.start()
    result = driver.run_timers()
    assert result.outcome is Outcome.COMPLETED, (result, logs)
    return worlds[0].trace


def handler_of(loop, handler):
    class Loop(type(loop)):
        __slots__ = ()

        def call_exception_handler(self, context):
            handler(context)

    loop.__class__ = Loop


async def order_of_wakeups(w):
    future = w.future()

    async def waiter(n):
        w.log("wait", n)
        w.log("woken", n, await future)

    tasks = [w.task(waiter(n)) for n in range(3)]
    w.loop.call_soon(future.set_result, "x")
    w.loop.call_soon(w.log, "after set")
    for task in tasks:
        await task
        w.log("joined", task.get_name().split("-")[0])


async def bare_yields_interleave(w):
    async def one(name):
        for i in range(3):
            w.log(name, i)
            await bare_yield()

    a, b = w.task(one("a")), w.task(one("b"))
    await a
    await b


async def cancel_a_sleeping_task(w):
    async def sleeper():
        try:
            await w.sleep(60_000)
        except BaseException as exc:
            w.log("sleeper", repr(exc))
            raise
        finally:
            w.log("finally")

    task = w.task(sleeper())
    await bare_yield()
    w.log(task.cancel("why"), task.cancelled(), task.done(), task.cancelling())
    try:
        await task
    except asyncio.CancelledError as exc:
        w.log("joined", repr(exc))
    w.log(task.cancelled(), task.done(), task.cancel())


async def cancel_before_the_first_step(w):
    async def never():
        w.log("never")

    task = w.task(never())
    task.cancel("early")
    try:
        await task
    except asyncio.CancelledError as exc:
        w.log(repr(exc), task.cancelled())


async def cancel_right_before_the_end(w):
    async def ends():
        w.current().cancel("late")
        return 5

    task = w.task(ends())
    try:
        w.log(await task)
    except asyncio.CancelledError as exc:
        w.log("cancelled", repr(exc))


async def cancel_oneself(w):
    async def suicidal():
        w.current().cancel("me")
        try:
            await w.sleep(1)
        except asyncio.CancelledError as exc:
            w.log("caught", repr(exc))
        await w.sleep(1)
        w.log("still here", w.current().cancelling(), w.current().uncancel())
        return "alive"

    return await w.task(suicidal())


async def cancel_passes_through_tasks(w):
    async def inner():
        try:
            await w.sleep(60_000)
        except asyncio.CancelledError as exc:
            w.log("inner", exc.args)
            raise

    async def middle():
        try:
            await w.task(inner())
        except asyncio.CancelledError as exc:
            w.log("middle", exc.args)
            raise

    task = w.task(middle())
    await w.sleep(2)
    task.cancel("deep")
    try:
        await task
    except asyncio.CancelledError as exc:
        w.log("outer", exc.args)


async def a_task_that_ignores_its_cancellation(w):
    async def stubborn():
        for n in range(2):
            try:
                await w.sleep(60_000)
            except asyncio.CancelledError:
                w.log("ignored", n)
        await w.sleep(1)
        return "done"

    task = w.task(stubborn())
    await w.sleep(1)
    task.cancel()
    await w.sleep(1)
    task.cancel()
    w.log(task.cancelling())
    return await task


async def cancel_after_the_waiter_is_done(w):
    future = w.future()

    async def waiter():
        try:
            w.log("value", await future)
        except asyncio.CancelledError:
            w.log("cancelled, future is", future.cancelled(), future.result())
            raise

    task = w.task(waiter())
    await bare_yield()
    future.set_result(1)
    w.log(task.cancel())
    try:
        await task
    except asyncio.CancelledError:
        w.log("joined")


async def exception_instead_of_cancellation(w):
    async def replaced():
        try:
            await w.sleep(60_000)
        except asyncio.CancelledError as exc:
            raise ValueError("instead") from exc

    task = w.task(replaced())
    await bare_yield()
    task.cancel()
    try:
        await task
    except ValueError as exc:
        w.log(repr(exc), repr(exc.__cause__), task.cancelled(), repr(task.exception()))


async def a_task_that_raises_cancelled_error(w):
    async def raising():
        raise asyncio.CancelledError("by hand")

    task = w.task(raising())
    try:
        await task
    except asyncio.CancelledError as exc:
        w.log(repr(exc), task.cancelled())
    try:
        task.result()
    except asyncio.CancelledError as exc:
        w.log("again", repr(exc))


async def callbacks(w):
    future = w.future()
    twice = lambda f: w.log("twice")  # noqa: E731
    future.add_done_callback(lambda f: w.log("first", f.result()))
    future.add_done_callback(twice)
    future.add_done_callback(twice)
    w.log("removed", future.remove_done_callback(twice))
    future.add_done_callback(lambda f: w.log("last"))
    future.set_result(7)
    future.add_done_callback(lambda f: w.log("late"))
    w.log("set")
    await bare_yield()


async def callback_that_raises(w):
    future = w.future()

    def bad(f):
        raise ValueError("bad")

    future.add_done_callback(bad)
    future.add_done_callback(lambda f: w.log("the next one runs"))
    future.set_result(None)
    await bare_yield()


async def invalid_states(w):
    future = w.future()
    for call in (future.result, future.exception):
        try:
            call()
        except asyncio.InvalidStateError as exc:
            w.log(exc)
    future.set_result(1)
    for call in (lambda: future.set_result(2), lambda: future.set_exception(ValueError())):
        try:
            call()
        except asyncio.InvalidStateError:
            w.log("invalid state")
    w.log(future.cancel(), future.result(), future.exception(), future.done())
    task = w.task(turn())
    for call in (lambda: task.set_result(2), lambda: task.set_exception(ValueError())):
        try:
            call()
        except RuntimeError as exc:
            w.log(exc)
    await task


async def cancelled_future(w):
    future = w.future()
    w.log(future.cancel("msg"), future.cancelled(), future.done(), future.cancel())
    for call in (future.result, future.exception):
        try:
            call()
        except asyncio.CancelledError as exc:
            w.log(repr(exc))
    try:
        await future
    except asyncio.CancelledError as exc:
        w.log("awaited", repr(exc))


async def exceptions_of_futures(w):
    future = w.future()
    future.set_exception(KeyError)
    w.log(repr(future.exception()))
    for _ in range(2):
        try:
            await future
        except KeyError as exc:
            w.log(repr(exc), exc is future.exception())


async def failing_task_awaited_by_two(w):
    async def fails():
        await bare_yield()
        raise ValueError("once")

    task = w.task(fails())
    seen = []

    async def joins(n):
        try:
            await task
        except ValueError as exc:
            seen.append(exc)
            w.log("join", n, exc)

    a, b = w.task(joins(1)), w.task(joins(2))
    await a
    await b
    w.log(seen[0] is seen[1])


async def awaiting_oneself(w):
    async def me():
        await w.current()

    try:
        await w.task(me())
    except RuntimeError as exc:
        w.log(str(exc).split(":")[0])


async def bad_yields(w):
    for value in ("text", 5, [1]):

        async def bad(value=value):
            try:
                await bare_yield(value)
            except RuntimeError as exc:
                w.log(exc)

        await w.task(bad())


async def contexts(w):
    VARIABLE.set("main")

    async def child():
        w.log("child sees", VARIABLE.get())
        VARIABLE.set("child")
        await bare_yield()
        w.log("child keeps", VARIABLE.get())

    task = w.task(child())
    VARIABLE.set("later")
    await task
    w.log("main keeps", VARIABLE.get())
    context = contextvars.Context()
    await w.task(child(), context=context)
    w.log("explicit", context[VARIABLE])
    w.loop.call_soon(lambda: w.log("callback sees", VARIABLE.get()))
    VARIABLE.set("too late")
    await bare_yield()


async def names(w):
    task = w.task(turn(), name=("n", 3))
    w.log(repr(task.get_name()))
    task.set_name(("a", 1))
    w.log(task.get_name(), task in {task})
    await task


async def not_a_coroutine(w):
    for thing in (5, len, [1]):
        try:
            w.Task(thing, loop=w.loop)
        except TypeError as exc:
            w.log(exc)


async def native_generator_coroutine(w):
    @types.coroutine
    def generator():
        got = yield
        w.log("got", got)
        return "value"

    return await w.task(generator())


async def timers_in_due_order(w):
    for name, ms in (("c", 30), ("a", 10), ("b", 20), ("a2", 10)):
        w.loop.call_later(ms / 1000, w.log, name)
    cancelled = w.loop.call_later(0.015, w.log, "never")
    cancelled.cancel()
    w.log(cancelled.cancelled())
    await w.sleep(45)


async def call_later_zero(w):
    w.loop.call_later(0, w.log, "later")
    w.loop.call_soon(w.log, "soon")
    await bare_yield()
    w.log("turn 1")
    await bare_yield()
    w.log("turn 2")
    await bare_yield()


async def handles(w):
    handle = w.loop.call_soon(w.log, "never")
    handle.cancel()
    w.log(handle.cancelled())

    async def cancels():
        second.cancel()

    w.task(cancels())
    second = w.loop.call_soon(w.log, "not either")
    await bare_yield()


async def exception_never_retrieved(w):
    async def fails():
        raise ValueError("lost")

    task = w.task(fails())
    await bare_yield()
    await bare_yield()
    del task
    gc.collect()
    w.log("collected")
    future = w.future()
    future.set_exception(ValueError("seen"))
    future.exception()
    future = None
    gc.collect()
    await bare_yield()


async def uncancel_at_zero_only_lowers(w):
    task = w.current()
    w.log(task.cancelling(), task.uncancel(), task.cancelling())


async def stack_of_awaiters(w):
    async def level(n):
        if n == 0:
            await w.sleep(1)
            raise LookupError("bottom")
        try:
            return await w.task(level(n - 1))
        finally:
            w.log("level", n)

    try:
        await level(3)
    except LookupError as exc:
        w.log(exc)


PROGRAMS = [
    value
    for value in list(globals().values())
    if isinstance(value, types.FunctionType)
    and value.__module__ == __name__
    and value.__code__.co_varnames[:1] == ("w",)
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_same_trace(program):
    if program is native_generator_coroutine and sys.version_info >= (3, 12):
        pytest.skip("asyncio takes no generators since 3.12")
    expected = on_asyncio(program)
    assert expected, "a program that logs nothing tests nothing"
    assert on_thread(program) == expected
