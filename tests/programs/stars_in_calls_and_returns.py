"""Starred returns, yields, subscripts and assignments with awaits."""


async def values(p, n):
    return [await p(i) for i in range(n)]


async def both(p):
    return await p("a"), *await values(p, 2)


def spread(items):
    yield "first", *items
    for a, *b in [items, *[items]]:
        yield a, b


async def main(p):
    p.log(await both(p), [*await both(p)], {*await values(p, 1)})
    first, *middle, last = await both(p)
    p.log(first, middle, last)
    generator = spread([1, 2])
    await p("kept")
    p.log(*generator)
    for x, *y in await values(p, 2), "ab":
        p.log(x, y)
