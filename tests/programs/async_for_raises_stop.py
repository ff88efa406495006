"""A StopAsyncIteration raised in the body of ``async for`` is not its end."""


class Once:
    def __init__(self, p):
        self.p = p
        self.done = False

    def __aiter__(self):
        return self

    async def __anext__(self):
        await self.p("next")
        if self.done:
            raise StopAsyncIteration
        self.done = True
        return "item"


async def main(p):
    try:
        async for x in Once(p):
            await p(x)
            raise StopAsyncIteration("from the body")
    except StopAsyncIteration as error:
        p.log(error)
    async for _ in Once(p):
        try:
            raise ValueError
        except ValueError:
            async for y in Once(p):
                p.log(y)
