"""Nested asynchronous functions that capture, change and outlive the variables of the outer one."""


async def make(p, start):
    total = start

    async def add(x):
        nonlocal total
        total += len(await p(("add", x)))
        return total

    async def reset(value=0, *, log=True):
        nonlocal total
        before, total = total, value
        if log:
            p.log("reset", before, await p("reset"))

    await p("made")
    return add, reset


async def main(p):
    add, reset = await make(p, 100)
    p.log(await add(1), await add(2))
    await reset()
    p.log(await add(3))
    await reset(value=7, log=False)
    p.log(await add(4))
    other, _ = await make(p, 0)
    p.log(await other(1), await add(5))
