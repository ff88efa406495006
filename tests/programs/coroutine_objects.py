"""Coroutines kept in variables before they are awaited; awaited twice; passed around."""


async def work(p, x):
    await p(("work", x))
    return x * 2


async def run(coro):
    return await coro


async def main(p):
    first, second = work(p, 1), work(p, 2)
    await p("kept")
    p.log(await second, await run(first))
    for done in (first, second):
        try:
            await done
        except RuntimeError as error:
            p.log(error)
    waiting = [work(p, i) for i in range(3)]
    await p("several kept")
    p.log([await one for one in reversed(waiting)])
    closed = work(p, "closed")
    closed.close()
    try:
        await closed
    except RuntimeError as error:
        p.log(error)
