"""Errors of calls: unknown and repeated keywords, not callable, unpacking what cannot be unpacked."""


def f(a, b=2, *, k=None):
    return a, b, k


async def main(p):
    for attempt in range(5):
        try:
            if attempt == 0:
                f(await p(0), await p(1), await p(2))
            elif attempt == 1:
                f(await p(0), a=await p(1))
            elif attempt == 2:
                f(*await p(0), **{"k": 1}, **{"k": await p(1)})
            elif attempt == 3:
                (await p("not callable"))(await p("argument"))
            else:
                f(await p(0), nonsense=await p(1))
        except TypeError as error:
            p.log(attempt, error)
