"""``async for`` over class-based asynchronous iterators, with else, break, continue and errors."""


class Countdown:
    def __init__(self, p, n, fail_at=None):
        self.p = p
        self.n = n
        self.fail_at = fail_at

    def __aiter__(self):
        self.p.log("aiter")
        return self

    async def __anext__(self):
        await self.p(("next", self.n))
        if self.n == self.fail_at:
            raise ValueError("failed")
        if self.n == 0:
            raise StopAsyncIteration
        self.n -= 1
        return self.n


async def main(p):
    async for x in Countdown(p, 3):
        if x == 1:
            continue
        p.log(x, await p("body"))
    else:
        p.log("else", await p("else"))
    async for x in Countdown(p, 3):
        break
    else:
        p.log("never")
    try:
        async for x, y in Countdown(p, 2):
            p.log(x, y)
    except TypeError as error:
        p.log(error)
    try:
        async for x in Countdown(p, 3, fail_at=1):
            p.log(x)
    except ValueError as error:
        p.log(error)
    for wrong in (5, [1]):
        try:
            async for x in wrong:
                p.log("never")
        except TypeError as error:
            p.log(error)
    p.log(x)
