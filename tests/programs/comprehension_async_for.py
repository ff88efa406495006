"""``async for`` in comprehensions, alone and mixed with ``for``."""


class Items:
    def __init__(self, p, *values):
        self.p = p
        self.values = list(values)

    def __aiter__(self):
        return self

    async def __anext__(self):
        await self.p(("next", len(self.values)))
        if not self.values:
            raise StopAsyncIteration
        return self.values.pop(0)


async def main(p):
    p.log([x async for x in Items(p, 1, 2, 3) if x != 2])
    p.log([(x, await p(y)) for x in "ab" async for y in Items(p, x + "1", x + "2")])
    p.log({x: y async for x, y in Items(p, (1, 2), (3, 4))})
    p.log([y async for x in Items(p, "ab", "c") for y in x])
    plain = [1, 2]
    try:
        p.log([x async for x in plain])
    except TypeError as error:
        p.log(error)
