"""Workflows that hold what a thread can hold while it rests; see test_saved.py."""

import asyncio
import contextvars

import kwf_runtime as W

W.config.output_topics = {"out"}

VARIABLE = contextvars.ContextVar("VARIABLE", default="default")


class OwnFuture(asyncio.Future):
    def __init__(self, tag):
        super().__init__()
        self.tag = tag


class SlottedFuture(OwnFuture):
    __slots__ = ("slot", "unset")


class OwnTask(asyncio.Task):
    note = None


@W.activity
def charge(amount):
    return amount


async def waits(awaitable):
    return await awaitable


async def minimal():
    await W.suspend("x")


async def held_and_dropped():
    held = W.suspend()
    W.suspend()
    chosen = W.suspend("x")
    tasks = [asyncio.create_task(waits(chosen)) for _ in range(2)]
    await W.suspend("go")
    return [await held, *[await task for task in tasks]]


async def channel():
    queue = W.channel("c")
    got = [await queue.get()]
    await W.suspend("go")
    try:
        await queue.get()
    except W.WorkflowError as exc:
        got.append(exc.value)
    async for item in queue:
        got.append(item)
        if len(got) == 4:
            return got


async def activity_and_timer():
    call = charge(7)
    return [await asyncio.sleep(3600, "slept"), await call]


async def cancelled():
    try:
        await W.suspend("never")
    finally:
        W.output("cleaning", "out")
        await W.suspend("clean")
        W.output("clean", "out")


async def fails(text):
    raise ValueError(text)


async def failed_task():
    task = asyncio.create_task(fails("kept"))
    await W.suspend("go")
    await task


async def lost_exception():
    task = asyncio.create_task(fails("lost"))
    await W.suspend("go")
    del task
    await W.suspend("end")


async def own_futures():
    plain = asyncio.get_running_loop().create_future()
    plain.set_result("value")
    own, slotted = OwnFuture(1), SlottedFuture(2)
    slotted.slot = 3
    gone = OwnFuture(4)
    W.cancel(gone)
    task = OwnTask(waits(plain), name="mine")
    task.note = "note"
    await W.suspend("go")
    try:
        await gone
    except W.CancelToken as exc:
        kind = type(exc).__name__
    own.set_result(own.tag)
    slotted.set_result(slotted.tag)
    name = asyncio.current_task().get_name()
    assert task.note == "note"
    unset = not hasattr(slotted, "unset")
    return [await plain, await own, await slotted, slotted.slot, kind, name, unset]


async def reads_variable():
    VARIABLE.set("child")
    await W.suspend("go")
    return VARIABLE.get()


async def contexts():
    VARIABLE.set("main")
    await W.suspend("go")
    task = asyncio.create_task(reads_variable())
    child = await task
    return [VARIABLE.get(), child]


async def endless():
    while True:
        try:
            async with asyncio.timeout(5):
                await W.suspend()
        except TimeoutError:
            pass


class Box:
    def __init__(self):
        self.done = asyncio.get_running_loop().create_future()

    def take(self, future):
        self.done.set_result(future.result())


async def callback_only():
    box = Box()
    asyncio.ensure_future(W.suspend()).add_done_callback(box.take)
    return await box.done


async def three():
    tasks = [asyncio.create_task(waits(W.suspend(name))) for name in "abc"]
    return [await task for task in tasks]
