"""Awaits in the conditions of comprehensions; several conditions short-circuit."""

SCRIPT = [True, False, True, 0, 1, "", "x", None, 5]


async def main(p):
    p.log([i for i in range(3) if await p(i)])
    p.log([i for i in range(4) if i % 2 if await p(("odd", i)) if not await p(("twice", i))])
    p.log({i: i for i in range(3) if i and await p(("and", i)) or i == 2})
