"""PEP 479: StopIteration that leaves a coroutine becomes a RuntimeError."""


async def stops(p):
    await p("stopping")
    raise StopIteration("value")


async def main(p):
    try:
        await stops(p)
    except RuntimeError as error:
        p.log(error)
    try:
        next(iter([]))
    except StopIteration as error:
        await p("caught inside")
        p.log(error)
    await p("last")
    next(iter(()))
