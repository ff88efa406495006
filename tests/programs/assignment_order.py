"""The value first, then the targets from left to right; tuple targets with awaits inside."""


class Record:
    def __init__(self, p):
        self.__dict__["p"] = p

    def __setattr__(self, name, value):
        self.p.log("set", name, value)

    def __setitem__(self, key, value):
        self.p.log("setitem", key, value)


async def main(p):
    record = Record(p)

    async def get(x):
        await p(x)
        return record

    async def key(x):
        await p(x)
        return x

    (await get("a")).x = (await get("b"))[await key("c")] = await key("value")
    (await get("d")).y, (await get("e"))[await key("f")], z = await key("xyz")
    p.log(z)
    [a, *(await get("g")).rest, b] = await key("abcde")
    p.log(a, b)
    i = 0
    values = [10, 20, 30]
    i, values[i + 1] = 1, await key("set second")
    p.log(i, values)
    first = second = await p("both")
    p.log(first is second)
    (x, (y, *others)), w = ((1, await key("abc")), await p(4))
    p.log(x, y, others, w)
    annotated: int = await p("annotated")
    p.log(annotated)
