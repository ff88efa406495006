"""Augmented assignment to subscripts and attributes: each part once, read before the value."""


class Box:
    def __init__(self, p):
        self.__dict__["p"] = p
        self.__dict__["n"] = 1

    def __getattr__(self, name):
        self.p.log("get", name)
        return self.n

    def __setattr__(self, name, value):
        self.p.log("set", name, value)
        self.__dict__["n"] = value

    def __getitem__(self, key):
        self.p.log("getitem", key)
        return self.n

    def __setitem__(self, key, value):
        self.p.log("setitem", key, value)
        self.__dict__["n"] = value


async def main(p):
    box = Box(p)

    async def number(n):
        p.log("before", n)
        await p(n)
        return n

    async def boxed():
        await p("box")
        return box

    box.attr += await number(2)
    box[await number(3)] *= await number(4)
    (await boxed()).other -= await number(5)
    (await boxed())[await number(6)] += await number(7)
    (await boxed())[await number(1) : await number(2)] += await number(8)
    return box.n
