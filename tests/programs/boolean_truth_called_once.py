"""The truth of an operand is asked exactly as often as CPython asks it."""


class Loud:
    def __init__(self, p, value):
        self.p = p
        self.value = value

    def __bool__(self):
        self.p.log("bool", self.value)
        return self.value


async def loud(p, value):
    await p(value)
    return Loud(p, value)


async def main(p):
    if await loud(p, True) and await loud(p, False):
        p.log("never")
    if await loud(p, False) or not await loud(p, False):
        p.log("or")
    x = await loud(p, True) or await loud(p, True)
    p.log(x.value)
    while not await loud(p, True):
        p.log("never")
    p.log(1 if await loud(p, False) else 2)
    assert await loud(p, True), await p("never")
