"""``await`` of objects that are no awaitables."""


class Bad:
    def __await__(self):
        return 5


class Worse:
    def __await__(self):
        return work()


class Good:
    def __init__(self, p):
        self.p = p

    def __await__(self):
        return self.p("good").__await__()


async def work():
    pass


async def main(p):
    for thing in (5, None, "text", Bad(), work):
        try:
            await thing
        except TypeError as error:
            p.log(str(error).partition(" at 0x")[0])
        await p("next")
    p.log(await Good(p))
