"""A function without any await, one that returns nothing, and sending None."""

SCRIPT = [None, 0, "", None]


async def nothing():
    pass


async def constant():
    return 7


async def main(p):
    p.log(await nothing(), await constant())
    p.log(await p(1), await p(2), await p(3))
    return await p(None)
