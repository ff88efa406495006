"""``return``, ``break`` and ``continue`` in ``finally`` override exceptions and returns."""


async def returns(p):
    try:
        raise ValueError("lost")
    finally:
        return await p("returned")


async def overridden(p):
    try:
        return await p("first")
    finally:
        return await p("second")


async def breaks(p):
    for i in range(3):
        try:
            raise ValueError(i)
        finally:
            await p(i)
            break
    return i


async def continues(p):
    for i in range(3):
        try:
            await p(i)
            if i == 1:
                return "lost"
            raise KeyError(i)
        finally:
            continue
    return "end"


async def main(p):
    p.log(await returns(p))
    p.log(await overridden(p))
    p.log(await breaks(p))
    p.log(await continues(p))
    try:
        raise KeyError("none is handled any more")
    except KeyError:
        p.log(await returns(p))
        raise
