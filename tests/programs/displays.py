"""List, tuple, set and dict displays with stars and awaits."""


async def main(p):
    async def n(x):
        p.log("evaluate", x)
        await p(x)
        return x

    p.log([await n(1), *await n([2, 3]), await n(4), *()])
    p.log((*await n("ab"), await n("c")), sorted({await n(1), *await n([2, 1])}))
    p.log({await n("k"): await n("v"), **await n({"x": 1}), await n("x"): await n(2)})
    p.log({**await n({"a": 1}), **{"a": await n(2)}})
    try:
        p.log([*await n(5)])
    except TypeError as error:
        p.log(error)
    try:
        p.log({**await n([1])})
    except TypeError as error:
        p.log(error)
    try:
        p.log({await n("a"), *[[]]})
    except TypeError as error:
        p.log(error)
