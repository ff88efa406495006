"""asyncio over suspensions: what a workflow waits for the world with; the same wherever it runs."""

from __future__ import annotations

from tests.lib.kit import load_source, run_everywhere, run_thread

HEAD = """
import asyncio
import kwf_runtime as W

W.config.output_topics.add("log")

def log(*words):
    W.output(" ".join(map(str, words)), "log")

async def wait_for_ref(ref):
    try:
        return await W.suspend(ref)
    except asyncio.CancelledError as exc:
        log(ref, type(exc).__name__)
        raise
"""


def play(body, *script):
    source = HEAD + "async def main():\n" + "".join(f"    {line}\n" for line in body.split("\n"))
    return run_everywhere("main", source, script)


def test_gather():
    body = 'return await asyncio.gather(W.suspend("a"), W.suspend("b"), wait_for_ref("c"))'
    script = [("resume", ref, ref) for ref in "cab"]
    assert play(body, *script) == ([], '["a", "b", "c"]')


def test_gather_fails_and_the_others_go_on():
    body = """
try:
    await asyncio.gather(W.suspend("a"), wait_for_ref("b"))
except W.WorkflowError as exc:
    log(exc)
log(await W.suspend("b"))""".strip()
    assert play(body, ("reject", "a", "bad"), ("resume", "b", 1)) == (["bad", "1"], "null")


def test_wait_for():
    body = """
async def attempt(awaitable):
    try:
        return await asyncio.wait_for(awaitable, 86400)
    except TimeoutError:
        return "timeout"
    finally:
        log("tried")
return [await attempt(W.suspend("a")), await attempt(wait_for_ref("b")), await attempt(W.suspend("c"))]
""".strip()
    assert play(body, ("resume", "a", 1), ("advance", 86401), ("resume", "c", 3)) == (
        ["tried", "b CancelledError", "tried", "tried"],
        '[1, "timeout", 3]',
    )


def test_a_suspension_outlives_a_timeout():
    body = """
answer = W.suspend("answer")
for attempt in range(3):
    try:
        async with asyncio.timeout(3600):
            return [attempt, await answer]
    except TimeoutError:
        log("reminder", attempt)""".strip()
    script = [("advance", 3700), ("advance", 3700), ("resume", "answer", "yes")]
    assert play(body, *script) == (["reminder 0", "reminder 1"], '[2, "yes"]')


def test_shield():
    body = """
inner = asyncio.ensure_future(wait_for_ref("a"))
try:
    await asyncio.wait_for(asyncio.shield(inner), 5)
except TimeoutError:
    log("timeout")
return await inner""".strip()
    assert play(body, ("advance", 6), ("resume", "a", 1)) == (["timeout"], "1")


def test_as_completed():
    body = """
results = []
for future in asyncio.as_completed([W.suspend("a"), W.suspend("b"), W.suspend("c")], timeout=60):
    try:
        results.append(await future)
    except TimeoutError:
        results.append("timeout")
    log(results)
return results""".strip()
    assert play(body, ("resume", "c", 3), ("resume", "a", 1), ("advance", 61)) == (
        ["[3]", "[3, 1]", "[3, 1, 'timeout']"],
        '[3, 1, "timeout"]',
    )


def test_task_group():
    body = """
try:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(wait_for_ref(ref)) for ref in "abc"]
        log("body", await W.suspend("body"))
except BaseExceptionGroup as group:
    log([repr(one) for one in group.exceptions])
return [task.cancelled() for task in tasks]""".strip()
    script = [("resume", "a", 1), ("resume", "body", 2), ("reject", "b", "bad")]
    assert play(body, *script) == (
        ["body 2", "c CancelledError", "[\"WorkflowError('bad')\"]"],
        "[false, false, true]",
    )


def test_waits_with_first_completed():
    body = """
tasks = [asyncio.ensure_future(wait_for_ref(ref)) for ref in "ab"]
done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
log(len(done), len(pending), tasks[1] in done)
for task in pending:
    task.cancel()
await asyncio.wait(tasks)""".strip()
    assert play(body, ("resume", "b", 1)) == (["1 1 True", "a CancelledError"], "null")


def test_workers_around_a_queue():
    body = """
queue, lock, finished = asyncio.Queue(1), asyncio.Lock(), asyncio.Event()
async def producer():
    for n in range(4):
        await queue.put(await W.suspend(f"p{n}"))
    await queue.join()
    finished.set()
async def consumer(name):
    while True:
        item = await queue.get()
        async with lock:
            log(name, item, await W.suspend(f"check {item}"))
        queue.task_done()
async with asyncio.TaskGroup() as group:
    group.create_task(producer())
    workers = [group.create_task(consumer(name)) for name in "xy"]
    await finished.wait()
    for worker in workers:
        worker.cancel()""".strip()
    script = [("resume", f"p{n}", n) for n in range(3)]
    script += [("resume", "check 0", "ok"), ("resume", "p3", 3)]
    script += [("resume", f"check {n}", "ok") for n in (1, 2, 3)]
    log, ended = play(body, *script)
    assert sorted(line.split()[1] for line in log) == ["0", "1", "2", "3"]
    assert ended == "null"


def test_condition_and_semaphore():
    body = """
condition, semaphore, barrier = asyncio.Condition(), asyncio.Semaphore(1), asyncio.Barrier(2)
stock = []
async def buyer(name):
    async with semaphore:
        log(name, "served")
        async with condition:
            await condition.wait_for(lambda: stock)
            log(name, "bought", stock.pop())
    await barrier.wait()
buyers = [asyncio.ensure_future(buyer(name)) for name in "ab"]
for n in range(2):
    stock.append(await W.suspend(f"delivery {n}"))
    async with condition:
        condition.notify_all()
await asyncio.gather(*buyers)""".strip()
    assert play(body, ("resume", "delivery 0", "x"), ("resume", "delivery 1", "y")) == (
        ["a served", "a bought x", "b served", "b bought y"],
        "null",
    )


def test_sleep_for_months_is_cancelled():
    body = """
task = asyncio.create_task(asyncio.sleep(90 * 86400, "slept"))
log(await W.suspend("go"))
task.cancel()
await asyncio.wait([task])
log(task.cancelled())
return await asyncio.sleep(86400, "next day")""".strip()
    script = [("advance", 80 * 86400), ("resume", "go", 1), ("advance", 86401)]
    assert play(body, *script) == (["1", "True"], '"next day"')


def test_waits_for_bare_suspensions():
    """What the durable asyncio.wait takes besides futures, as CPython's did up to 3.10."""
    body = """
async def main():
    done, pending = await asyncio.wait([W.suspend("a"), W.suspend("b")], timeout=5)
    return [[task.result() for task in done], len(pending)]
"""
    module = load_source("kwf_test_bare", HEAD + body)
    script = [("resume", "b", 2), ("advance", 6)]
    assert run_thread(module, "main", script) == ([], "[[2], 1]")
