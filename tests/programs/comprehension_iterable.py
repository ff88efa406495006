"""Awaits in the iterables of comprehensions, the first one and later ones, and starred targets."""


async def many(p, *values):
    await p(("many", *values))
    return values


async def main(p):
    p.log([x for x in await many(p, 1, 2)])
    p.log([(x, y) for x in await many(p, 1, 2) for y in await many(p, x, x * 10)])
    p.log({a: b for a, *b in await many(p, "abc", "def")})
    p.log([x for row in await many(p, [1], [2, 3]) for x in row if x > 1])
