"""Asynchronous generators: awaits and yields mixed, walked by ``async for``, closed."""

FAULTS = False  # the end of an abandoned asynchronous generator is a matter of the event loop


async def ticks(p, n):
    """Tick."""
    for i in range(n):
        got = await p(("tick", i))
        yield i, got
    p.log("end of ticks")


async def mixed(p):
    try:
        x = yield await p("first")
        p.log("sent", x)
        async for y in ticks(p, 2):
            yield y
    finally:
        p.log("closed", await p("closing"))


async def main(p):
    async for x in ticks(p, 3):
        p.log(x, await p("body"))
    p.log([x async for x in ticks(p, 2) if x[0]])
    generator = mixed(p)
    p.log(await generator.__anext__())
    await p("kept")
    p.log(await generator.asend("value"))
    await p("kept again")
    await generator.aclose()
    try:
        await generator.__anext__()
    except StopAsyncIteration:
        p.log("ended")
    p.log(ticks.__doc__, generator.__name__)
