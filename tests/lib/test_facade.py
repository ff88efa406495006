"""kwf_runtime.aio: every name of asyncio, picked by where the call is."""

from __future__ import annotations

import asyncio
import importlib

import pytest

import kwf_runtime.aio as aio
from kwf_runtime import testing
from kwf_runtime.core.futures import Future
from tests.lib.kit import load_source, run_thread

CLASSES = "Lock Event Condition Semaphore BoundedSemaphore Queue LifoQueue PriorityQueue TaskGroup"
REFUSED = (
    "to_thread open_connection open_unix_connection start_server start_unix_server "
    "create_subprocess_exec create_subprocess_shell run run_coroutine_threadsafe wrap_future "
    "new_event_loop set_event_loop Runner"
)


def in_thread(function):
    """What a call inside a workflow thread returns."""
    outcome = []

    async def main():
        outcome.append(function())

    thread = testing.Thread(main, roundtrip=False)
    assert thread.result is None
    return outcome[0]


def test_every_public_name_is_there():
    for name in asyncio.__all__:
        assert hasattr(aio, name), name
    assert set(asyncio.__all__) <= set(dir(aio))
    assert aio.CancelledError is asyncio.CancelledError
    assert aio.FIRST_COMPLETED == asyncio.FIRST_COMPLETED
    with pytest.raises(AttributeError, match="module 'asyncio' has no attribute 'nothing'"):
        _ = aio.nothing


@pytest.mark.parametrize("name", CLASSES.split())
def test_classes_pick_by_the_call_and_know_both(name):
    facade, real = getattr(aio, name), getattr(asyncio, name)
    durable = in_thread(facade)
    assert type(facade()) is real
    assert type(durable) is not real
    assert isinstance(durable, facade)
    assert isinstance(facade(), facade)
    assert not isinstance(3, facade)
    assert issubclass(real, facade)
    assert issubclass(type(durable), facade)
    assert facade.__name__ == name
    assert repr(durable).startswith("<")


def test_a_subclass_works_in_both():
    class Lock(aio.Lock):
        def locked(self):
            return "mine", super().locked()

    assert issubclass(Lock, aio.Lock)
    assert in_thread(Lock).locked() == ("mine", False)

    async def main():
        lock = Lock()
        async with lock:
            waiter = asyncio.create_task(lock.acquire())
            await asyncio.sleep(1)
            assert not waiter.done()
        return await waiter

    assert testing.run(main())


def test_generic_aliases_and_patterns():
    assert aio.Queue[int].__origin__ is aio.Queue
    assert aio.Task[int].__origin__ is aio.Task
    match in_thread(aio.Event):
        case aio.Lock():
            raise AssertionError
        case aio.Event():
            pass
        case _:
            raise AssertionError

    class Typed(aio.Queue[int]):
        pass

    assert in_thread(Typed).empty()


@pytest.mark.parametrize("name", REFUSED.split())
def test_what_cannot_be_durable_is_refused_in_a_thread(name):
    function = getattr(aio, name)

    def call():
        with pytest.raises(RuntimeError, match=rf"asyncio\.{name} cannot .*@W\.activity"):
            function()
        return True

    assert in_thread(call)


def test_what_is_refused_in_a_thread_works_elsewhere():
    async def main():
        return await aio.to_thread(lambda: 3)

    assert aio.run(main()) == 3


def test_executors_are_refused_in_a_thread():
    def call():
        with pytest.raises(RuntimeError, match="activity"):
            aio.get_running_loop().run_in_executor(None, print)
        return True

    assert in_thread(call)


def test_futures_of_a_thread():
    future = in_thread(aio.Future)
    assert isinstance(future, Future)
    assert aio.isfuture(future)
    assert isinstance(future, aio.Future)
    assert not isinstance(future, aio.Task)
    with pytest.raises(RuntimeError, match="no running event loop"):
        aio.get_running_loop()


@pytest.mark.parametrize("name", "tasks queues locks timeouts taskgroups futures".split())
def test_submodules(name):
    module = importlib.import_module(f"kwf_runtime.aio.{name}")
    assert getattr(aio, name) is module
    real = importlib.import_module(f"asyncio.{name}")
    public = [one for one in real.__all__ if not one.startswith("_")]
    for one in public:
        assert getattr(module, one) is getattr(aio, one), one


SOURCE = """
import asyncio
from asyncio import Queue, sleep
from asyncio.locks import Lock
import functools
import kwf_runtime as W

W.config.output_topics.add("log")

async def main():
    later = functools.partial(asyncio.sleep, 5, "slept")
    kinds = (Queue, asyncio.Event)
    await W.suspend("go")
    queue, event = (kind() for kind in kinds)
    lock = Lock()
    async with lock:
        event.set()
        await W.suspend("go")
    queue.put_nowait(await later())
    return [await queue.get(), isinstance(queue, Queue), event.is_set(), lock.locked()]
"""


def test_facades_themselves_are_saved():
    module = load_source("kwf_test_facade", SOURCE)
    script = [("resume", "go"), ("resume", "go"), ("advance", 6)]
    assert run_thread(module, "main", script) == ([], '["slept", true, true, false]')
