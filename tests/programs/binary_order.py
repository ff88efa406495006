"""Operands of binary operations are read from left to right, a name before an await that changes it."""


async def main(p):
    x = 1

    async def grow(by):
        nonlocal x
        await p(("grow", by))
        x += by
        return x

    p.log(x + await grow(10) + x)
    p.log(await grow(1) * x - await grow(1))
    p.log(-await grow(1), not await grow(1), ~await grow(1))
    p.log([x, await grow(1), x], (x, await grow(1)), {x: await grow(1)}, {await grow(1)})
