"""Futures, tasks and the coroutine of a trap, where asyncio is no model."""

from __future__ import annotations

import asyncio

import pytest
from core_support import Driver

import kwf_runtime as W
from kwf_runtime.core.current import require
from kwf_runtime.core.engine import Outcome
from kwf_runtime.core.futures import Future
from kwf_runtime.core.tasks import Task, TrapCoroutine
from kwf_runtime.errors import NoThreadError


def run(function):
    """Run a plain function inside of a thread."""

    async def main():
        function()

    result = Driver(main).start()
    assert result.outcome is Outcome.COMPLETED, result.traceback
    return result


def test_future_belongs_to_the_current_thread():
    def check():
        future = Future()
        assert future.get_loop() is require("x").loop
        assert asyncio.isfuture(future)
        assert Future[int]

    run(check)
    with pytest.raises(NoThreadError, match=r"asyncio\.Future was called outside"):
        Future()


def test_reprs():
    def check():
        loop = require("x").loop
        future = loop.create_future()
        assert repr(future) == "<Future pending>"
        future.set_result("x" * 100)
        assert repr(future) == f"<Future finished result='{'x' * 76}...>"
        future = loop.create_future()
        future.set_exception(ValueError("v"))
        assert repr(future) == "<Future finished exception=ValueError('v')>"
        assert isinstance(future.exception(), ValueError)
        future = loop.create_future()
        future.cancel()
        assert repr(future) == "<Future cancelled>"
        handle = loop.call_soon(print, 1)
        assert repr(handle) == f"<Handle {print!r}(1,)>"
        handle.cancel()
        assert repr(handle) == "<Handle cancelled>"
        timer = loop.call_at(loop.time() + 1, print)
        assert timer.when() == loop.time() + 1
        assert timer.get_context() is not None
        timer.cancel()
        task = Task(W.suspend("x"))
        assert repr(task).startswith("<Task pending name='Task-2' coro=<await of <Suspension 'x'")
        task.cancel()
        assert repr(task).startswith("<Task cancelling name='Task-2'")
        assert task.get_context() is not None
        assert repr(task.get_coro()).startswith("<await of")

    run(check)


@pytest.mark.parametrize("name", ["set_exception", "result"])
def test_stop_iteration_becomes_a_runtime_error(name):
    def check():
        future = Future()
        future.set_exception(StopIteration(1))
        error = future.exception()
        assert isinstance(error, RuntimeError)
        assert isinstance(error.__cause__, StopIteration)

    run(check)


def test_log_entry_can_be_switched_off():
    def check():
        future = Future()
        future.set_exception(ValueError("unseen"))
        assert future._log_traceback
        with pytest.raises(ValueError, match="can only be set to False"):
            future._log_traceback = True
        future._log_traceback = False

    assert run(check).logs == ()


def test_await_of_a_future_by_hand():
    def check():
        future = Future()
        iterator = future.__await__()
        assert next(iterator) is future
        with pytest.raises(RuntimeError, match="await wasn't used with future"):
            next(iterator)

    run(check)


def test_task_that_is_stepped_when_it_is_done():
    def check():
        task = Task(W.suspend("x"))
        task._step(ValueError("thrown"))
        assert isinstance(task.exception(), ValueError)
        with pytest.raises(asyncio.InvalidStateError, match="already done"):
            task._step()

    # The first turn of the task was scheduled, and finds it done.
    assert "already done" in run(check).logs[0].message


def test_uncancel_takes_the_pending_cancellation_back():
    async def work():
        task = require("x").loop.current_task
        task.cancel()
        assert task.uncancel() == 0
        return await W.suspend("x")

    driver = Driver(work)
    driver.start()
    assert driver.resume("x", "not cancelled").result == '"not cancelled"'


class TestTrapCoroutine:
    def test_ends_at_once_if_the_trap_has(self):
        def check():
            channel = W.channel("c")
            channel.put(5)
            coroutine = TrapCoroutine(channel.get())
            with pytest.raises(StopIteration) as stop:
                coroutine.send(None)
            assert stop.value.value == 5
            with pytest.raises(RuntimeError, match="cannot reuse"):
                coroutine.send(None)
            assert repr(coroutine) == "<ended await>"

        run(check)

    def test_throw_and_close(self):
        def check():
            for kind in (ValueError, ValueError("instance")):
                coroutine = TrapCoroutine(W.suspend())
                coroutine.send(None)
                with pytest.raises(ValueError):
                    coroutine.throw(kind)
            coroutine = TrapCoroutine(W.suspend())
            coroutine.close()
            with pytest.raises(RuntimeError, match="cannot reuse"):
                coroutine.send(None)

        run(check)

    def test_trap_that_cannot_be_awaited(self):
        from kwf_runtime.core.traps import Trap

        def check():
            coroutine = TrapCoroutine(Trap())
            with pytest.raises(NotImplementedError):
                coroutine.send(None)
            with pytest.raises(RuntimeError, match="cannot reuse"):
                coroutine.send(None)

        run(check)

    def test_awaited_by_native_code(self):
        async def main():
            coroutine = TrapCoroutine(W.suspend("x"))
            got = await coroutine
            with pytest.raises(RuntimeError, match="cannot reuse"):
                await coroutine
            return got

        driver = Driver(main)
        driver.start()
        assert driver.resume("x", 1).result == "1"
