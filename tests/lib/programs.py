"""Small async programs that real asyncio and the durable library must run alike.

Each takes the asyncio to use and a function that notes what happens.
"""

from __future__ import annotations

import contextvars


async def sleeps_in_order(asyncio, note):
    async def worker(name, delay):
        note(name, "starts", asyncio.get_running_loop().time())
        result = await asyncio.sleep(delay, name)
        note(result, "ends", asyncio.get_running_loop().time())
        return result

    tasks = [asyncio.create_task(worker(f"w{n}", n % 3)) for n in range(6)]
    for task in tasks:
        note(await task)


async def sleep_zero_interleaves(asyncio, note):
    async def worker(name):
        for n in range(3):
            note(name, n)
            await asyncio.sleep(0)

    await asyncio.gather(worker("a"), worker("b"))


async def sleep_is_cancelled(asyncio, note):
    async def worker():
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError as exc:
            note("cancelled", exc.args)
            raise

    task = asyncio.create_task(worker())
    await asyncio.sleep(1)
    task.cancel("why")
    try:
        await task
    except asyncio.CancelledError as exc:
        note("awaited", exc.args, task.cancelled(), task.cancelling())
    note(asyncio.get_running_loop().time())


async def gather_returns_in_order(asyncio, note):
    async def worker(delay):
        await asyncio.sleep(delay)
        note("done", delay)
        return delay

    note(await asyncio.gather(worker(3), worker(1), worker(2)))
    note(await asyncio.gather())
    coro = worker(0)
    note(await asyncio.gather(coro, coro))


async def gather_raises_first(asyncio, note):
    async def fail(delay):
        await asyncio.sleep(delay)
        note("fails", delay)
        raise ValueError(delay)

    async def work():
        await asyncio.sleep(5)
        note("worked")

    try:
        await asyncio.gather(work(), fail(2), fail(1))
    except ValueError as exc:
        note("raised", exc.args)
    await asyncio.sleep(10)


async def gather_returns_exceptions(asyncio, note):
    async def fail():
        raise ValueError("x")

    async def hang():
        await asyncio.sleep(100)

    hanging = asyncio.create_task(hang())
    future = asyncio.gather(fail(), hanging, asyncio.sleep(1, "v"), return_exceptions=True)
    await asyncio.sleep(0)
    hanging.cancel("stop")
    for outcome in await future:
        note(type(outcome).__name__, getattr(outcome, "args", outcome))


async def gather_is_cancelled(asyncio, note):
    async def work(name, stubborn=False):
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            note(name, "cancelled")
            if stubborn:
                await asyncio.sleep(1)
                note(name, "cleaned up")
            raise

    async def outer(**options):
        try:
            await asyncio.gather(work("a"), work("b", stubborn=True), **options)
        except asyncio.CancelledError as exc:
            note("outer cancelled", exc.args, asyncio.get_running_loop().time())
            raise

    for options in ({}, {"return_exceptions": True}):
        task = asyncio.create_task(outer(**options))
        await asyncio.sleep(1)
        task.cancel("m")
        try:
            await task
        except asyncio.CancelledError as exc:
            note("end", exc.args, asyncio.get_running_loop().time())
        await asyncio.sleep(5)


async def gather_future_cancelled(asyncio, note):
    future = asyncio.gather(asyncio.sleep(5), asyncio.sleep(6))
    await asyncio.sleep(1)
    note(future.cancel(), future.done())
    try:
        await future
    except asyncio.CancelledError:
        note("cancelled", future.cancelled(), future.cancel())


async def wait_variants(asyncio, note):
    async def work(delay, fail=False):
        await asyncio.sleep(delay)
        if fail:
            raise ValueError(delay)
        return delay

    def names(tasks):
        return sorted(task.get_name() for task in tasks)

    for options in (
        {},
        {"timeout": 2.5},
        {"return_when": asyncio.FIRST_COMPLETED},
        {"return_when": asyncio.FIRST_EXCEPTION},
        {"return_when": asyncio.FIRST_EXCEPTION, "timeout": 0.5},
    ):
        tasks = [
            asyncio.create_task(work(delay, delay == 3), name=f"t{delay}") for delay in (4, 3, 2, 1)
        ]
        start = asyncio.get_running_loop().time()
        done, pending = await asyncio.wait(tasks, **options)
        note(names(done), names(pending), asyncio.get_running_loop().time() - start)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def wait_refuses(asyncio, note):
    async def work():
        pass

    coro = work()
    for what in ([], coro, [coro]):
        try:
            await asyncio.wait(what)
        except (TypeError, ValueError) as exc:
            note(type(exc).__name__, str(exc).removesuffix(type(what).__name__))
    coro.close()
    try:
        asyncio.ensure_future(3)
    except TypeError as exc:
        note(str(exc))


async def wait_for_ends(asyncio, note):
    async def work(delay, mood=""):
        try:
            await asyncio.sleep(delay)
        except asyncio.CancelledError:
            note("cancelled", asyncio.get_running_loop().time())
            if mood == "slow":
                await asyncio.sleep(3)
            elif mood == "fail":
                raise ValueError("cleanup") from None
            elif mood == "ignore":
                return "anyway"
            raise
        return delay

    for arguments, timeout in (
        ((1,), 2),
        ((1,), None),
        ((5,), 2),
        ((5, "slow"), 2),
        ((5, "fail"), 2),
        ((5, "ignore"), 2),
        ((5,), 0),
        ((0,), 0),
        ((5,), -1),
    ):
        try:
            note(await asyncio.wait_for(work(*arguments), timeout))
        except (TimeoutError, ValueError) as exc:
            note(type(exc).__name__, type(exc.__cause__).__name__)
        note(asyncio.get_running_loop().time())


async def wait_for_is_cancelled(asyncio, note):
    async def inner():
        try:
            await asyncio.sleep(100)
        finally:
            note("inner ends")
            await asyncio.sleep(1)
            note("inner ended")

    async def outer():
        await asyncio.wait_for(inner(), 50)

    task = asyncio.create_task(outer())
    await asyncio.sleep(2)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        note("outer ended", asyncio.get_running_loop().time())


async def wait_for_future(asyncio, note):
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_later(1, future.set_result, "value")
    note(await asyncio.wait_for(future, 2), future.done())
    never = loop.create_future()
    try:
        await asyncio.wait_for(never, 2)
    except TimeoutError:
        note("timeout", never.cancelled())
    shielded = loop.create_future()
    try:
        await asyncio.wait_for(asyncio.shield(shielded), 2)
    except TimeoutError:
        note("timeout", shielded.cancelled())


async def shield_protects(asyncio, note):
    async def precious():
        await asyncio.sleep(5)
        note("precious done")
        return 1

    async def outer(task):
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            note("outer cancelled")
            raise

    inner = asyncio.create_task(precious())
    task = asyncio.create_task(outer(inner))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait([task])
    note(task.cancelled(), inner.done(), await inner)
    note(await asyncio.shield(inner))
    inner = asyncio.create_task(precious())
    task = asyncio.create_task(outer(inner))
    await asyncio.sleep(1)
    inner.cancel()
    await asyncio.wait([task])
    note(task.cancelled(), inner.cancelled())


async def shield_of_failure(asyncio, note):
    async def fail():
        await asyncio.sleep(1)
        raise ValueError("inner")

    try:
        await asyncio.shield(fail())
    except ValueError as exc:
        note(exc.args)


async def as_completed_order(asyncio, note):
    async def work(delay):
        await asyncio.sleep(delay)
        if delay == 2:
            raise ValueError(delay)
        return delay

    for future in asyncio.as_completed([work(3), work(1), work(2)]):
        try:
            note(await future)
        except ValueError as exc:
            note("error", exc.args)
    try:
        for future in asyncio.as_completed([work(1), work(5), work(9)], timeout=4):
            note(await future)
    except TimeoutError:
        note("timeout", asyncio.get_running_loop().time())


async def timeout_expires(asyncio, note):
    try:
        async with asyncio.timeout(2) as scope:
            note(scope.when(), scope.expired())
            await asyncio.sleep(5)
    except TimeoutError as exc:
        note("timeout", scope.expired(), type(exc.__cause__).__name__)
    note(asyncio.current_task().cancelling())
    async with asyncio.timeout(2) as scope:
        await asyncio.sleep(1)
    note(scope.expired())
    async with asyncio.timeout(None) as scope:
        note(scope.when())
        scope.reschedule(asyncio.get_running_loop().time() + 1)
        try:
            await asyncio.sleep(0.5)
        finally:
            note(repr(scope))
    for _ in range(2):
        try:
            async with scope:
                pass
        except RuntimeError as exc:
            note(str(exc))
    try:
        async with asyncio.timeout_at(asyncio.get_running_loop().time() - 1):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            note("not reached")
    except TimeoutError:
        note("past")


async def timeouts_nest(asyncio, note):
    for outer_s, inner_s in ((1, 2), (2, 1), (1, 1)):
        try:
            async with asyncio.timeout(outer_s) as outer:
                try:
                    async with asyncio.timeout(inner_s) as inner:
                        await asyncio.sleep(10)
                except TimeoutError:
                    note("inner")
                    await asyncio.sleep(0.5)
        except TimeoutError:
            note("outer")
        note(outer.expired(), inner.expired(), asyncio.current_task().cancelling())


async def timeout_and_cancel(asyncio, note):
    async def work():
        async with asyncio.timeout(2):
            try:
                await asyncio.sleep(10)
            finally:
                note("leaving")

    task = asyncio.create_task(work())
    await asyncio.sleep(1)
    task.cancel("outside")
    try:
        await task
    except asyncio.CancelledError as exc:
        note("cancelled", exc.args)


async def task_group_waits(asyncio, note):
    async def work(delay):
        await asyncio.sleep(delay)
        note("done", delay)
        return delay

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work(delay), name=f"n{delay}") for delay in (2, 1)]
        note("body")
    note([task.result() for task in tasks], [task.get_name() for task in tasks])
    for use in (group.create_task, asyncio.TaskGroup().create_task):
        coro = work(0)
        try:
            use(coro)
        except RuntimeError as exc:
            note(str(exc)[-20:])
        coro.close()


async def task_group_fails(asyncio, note):
    async def fail(delay, message):
        try:
            await asyncio.sleep(delay)
        finally:
            note("ends", message)
        raise ValueError(message)

    async def stubborn():
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            note("stubborn cancelled")
            await asyncio.sleep(1)
            raise KeyError("cleanup") from None

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(1, "a"))
            group.create_task(stubborn())
            try:
                await asyncio.sleep(50)
            except asyncio.CancelledError:
                note("body cancelled")
                raise
    except BaseExceptionGroup as caught:
        note(str(caught), [repr(exc) for exc in caught.exceptions])
    note(asyncio.current_task().cancelling(), asyncio.get_running_loop().time())


async def task_group_body_fails(asyncio, note):
    async def work():
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            note("cancelled")
            raise

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work())
            await asyncio.sleep(1)
            raise ValueError("body")
    except BaseExceptionGroup as caught:
        note(str(caught), [repr(exc) for exc in caught.exceptions])


async def task_group_is_cancelled(asyncio, note):
    async def work(name):
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            note(name, "cancelled")
            await asyncio.sleep(1)
            note(name, "ended")
            raise

    async def outer(in_body):
        async with asyncio.TaskGroup() as group:
            group.create_task(work("a"))
            if in_body:
                await asyncio.sleep(50)

    for in_body in (True, False):
        task = asyncio.create_task(outer(in_body))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            note("outer", asyncio.get_running_loop().time())


async def cancel_and_uncancel(asyncio, note):
    async def work():
        for _ in range(2):
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                note("caught", asyncio.current_task().cancelling())
                note(asyncio.current_task().uncancel())
        return "survived"

    task = asyncio.create_task(work())
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.sleep(1)
    task.cancel()
    note(await task, task.cancelled(), task.cancel())


async def cancelled_before_start(asyncio, note):
    async def work():
        note("never")

    task = asyncio.create_task(work())
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        note(task.cancelled())


async def tasks_are_known(asyncio, note):
    async def work():
        note(asyncio.current_task().get_name())
        await asyncio.sleep(1)

    tasks = {asyncio.create_task(work(), name=f"n{n}") for n in range(3)}
    await asyncio.sleep(0)
    note(tasks <= asyncio.all_tasks(), asyncio.current_task() in asyncio.all_tasks())
    note(all(isinstance(task, asyncio.Task) for task in tasks))
    note(all(isinstance(task, asyncio.Future) for task in tasks))
    note(all(asyncio.isfuture(task) for task in tasks))
    await asyncio.wait(tasks)
    note(len(asyncio.all_tasks()))


async def futures_and_callbacks(asyncio, note):
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    future.add_done_callback(lambda done: note("callback", done.result()))
    loop.call_soon(note, "soon")
    loop.call_later(1, future.set_result, 7)
    note(await future)
    other = asyncio.Future()
    note(isinstance(other, asyncio.Future), other.done())
    other.set_exception(ValueError("x"))
    try:
        await other
    except ValueError as exc:
        note(exc.args)
    try:
        other.set_result(1)
    except asyncio.InvalidStateError:
        note("invalid state")


async def locks_are_fair(asyncio, note):
    lock = asyncio.Lock()

    async def work(name):
        async with lock:
            note(name, "in", lock.locked())
            await asyncio.sleep(1)
            note(name, "out")

    tasks = [asyncio.create_task(work(n)) for n in range(4)]
    await asyncio.sleep(0.5)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    note(lock.locked())
    try:
        lock.release()
    except RuntimeError as exc:
        note(str(exc))


async def lock_handover_cancelled(asyncio, note):
    lock = asyncio.Lock()
    await lock.acquire()

    async def work(name):
        async with lock:
            note(name)

    tasks = [asyncio.create_task(work(n)) for n in range(3)]
    await asyncio.sleep(1)
    lock.release()
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    note(lock.locked())


async def event_wakes_all(asyncio, note):
    event = asyncio.Event()

    async def work(name):
        note(name, await event.wait())

    tasks = [asyncio.create_task(work(n)) for n in range(3)]
    await asyncio.sleep(1)
    tasks[0].cancel()
    event.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    note(event.is_set(), await event.wait())
    event.clear()
    note(event.is_set())


async def condition_notifies(asyncio, note):
    condition = asyncio.Condition()
    items = []

    async def consumer(name):
        async with condition:
            await condition.wait_for(lambda: items)
            note(name, items.pop())

    tasks = [asyncio.create_task(consumer(n)) for n in range(3)]
    await asyncio.sleep(1)
    async with condition:
        items.extend("ab")
        condition.notify(1)
    await asyncio.sleep(1)
    async with condition:
        condition.notify_all()
    await asyncio.sleep(1)
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    note(condition.locked(), items)
    try:
        condition.notify()
    except RuntimeError as exc:
        note(str(exc))
    try:
        await condition.wait()
    except RuntimeError as exc:
        note(str(exc))


async def semaphore_limits(asyncio, note):
    semaphore = asyncio.Semaphore(2)

    async def work(name):
        async with semaphore:
            note(name, asyncio.get_running_loop().time(), semaphore.locked())
            await asyncio.sleep(1)

    tasks = [asyncio.create_task(work(n)) for n in range(6)]
    await asyncio.sleep(0.5)
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    bounded = asyncio.BoundedSemaphore(1)
    async with bounded:
        note(bounded.locked())
    try:
        bounded.release()
    except ValueError as exc:
        note(str(exc))
    try:
        asyncio.Semaphore(-1)
    except ValueError as exc:
        note(str(exc))


async def barrier_opens(asyncio, note):
    barrier = asyncio.Barrier(3)

    async def work(name):
        try:
            note(name, await barrier.wait())
        except asyncio.BrokenBarrierError:
            note(name, "broken")

    tasks = []
    for n in range(3):
        tasks.append(asyncio.create_task(work(n)))
        await asyncio.sleep(1)
        note(barrier.n_waiting, barrier.parties)
    await asyncio.gather(*tasks)
    tasks = [asyncio.create_task(work(n)) for n in range(2)]
    await asyncio.sleep(1)
    await barrier.reset()
    await asyncio.gather(*tasks)
    tasks = [asyncio.create_task(work(n)) for n in range(2)]
    await asyncio.sleep(1)
    await barrier.abort()
    await asyncio.gather(*tasks)
    await work("late")
    note(barrier.broken)


async def queue_hands_over(asyncio, note):
    queue = asyncio.Queue(maxsize=2)

    async def producer():
        for n in range(5):
            await queue.put(n)
            note("put", n)

    async def consumer(name):
        while True:
            item = await queue.get()
            note(name, item)
            await asyncio.sleep(1)
            queue.task_done()

    consumers = [asyncio.create_task(consumer(name)) for name in "xy"]
    await producer()
    note(queue.qsize(), queue.full())
    await queue.join()
    note(queue.empty(), asyncio.get_running_loop().time())
    for task in consumers:
        task.cancel()
    await asyncio.gather(*consumers, return_exceptions=True)
    try:
        queue.get_nowait()
    except asyncio.QueueEmpty:
        note("empty")
    queue.put_nowait(1)
    queue.put_nowait(2)
    try:
        queue.put_nowait(3)
    except asyncio.QueueFull:
        note("full")


async def queue_getter_cancelled(asyncio, note):
    queue = asyncio.Queue()

    async def consumer(name):
        note(name, await queue.get())

    tasks = [asyncio.create_task(consumer(n)) for n in range(3)]
    await asyncio.sleep(1)
    queue.put_nowait("item")
    tasks[0].cancel()
    await asyncio.sleep(1)
    note([task.done() for task in tasks])
    queue.put_nowait("other")
    await asyncio.sleep(1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    note(queue.qsize())


async def other_queues(asyncio, note):
    for cls in (asyncio.PriorityQueue, asyncio.LifoQueue):
        queue = cls()
        for item in (2, 3, 1):
            await queue.put(item)
        note([await queue.get() for _ in range(3)])

    class Unique(asyncio.Queue):
        def _put(self, item):
            if item not in self._queue:
                super()._put(item)

    queue = Unique()
    for item in (1, 1, 2):
        await queue.put(item)
    note(queue.qsize(), isinstance(queue, asyncio.Queue), await queue.get())


VARIABLE = contextvars.ContextVar("variable", default=0)


async def contextvars_are_per_task(asyncio, note):
    async def work(value):
        VARIABLE.set(value)
        await asyncio.sleep(1)
        note(value, VARIABLE.get())

    VARIABLE.set(9)
    await asyncio.gather(work(1), work(2))
    note(VARIABLE.get())


PROGRAMS = [value for value in list(globals().values()) if callable(value)]
