"""Chained comparison: each operand once, short-circuit, awaits in each."""


async def main(p):
    async def val(x):
        await p(x)
        return x

    p.log(await val(1) < await val(2) < await val(3))
    p.log(await val(1) > await val(2) < await val(3))
    p.log(1 < await val(5) <= 5 != await val(6))
    p.log(await val(1) in [await val(2), await val(1)] == [2, 1])
    p.log(await val(None) is None is not await val(0))
    p.log((await val(3) < await val(2)) == False)  # noqa: E712
    if not 0 < await val(4) < await val(3):
        p.log("no")
