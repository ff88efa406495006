"""Generators that raise, StopIteration inside, reentrancy, closing one that ignores it."""

FAULTS = False  # a generator that ignores its end is a complaint of the collector


def raises():
    yield 1
    raise ValueError("in generator")


def stops():
    yield 1
    next(iter(()))


def ignores():
    for i in range(3):
        try:
            yield i
        except GeneratorExit:
            yield "ignored"


async def main(p):
    for maker in (raises, stops):
        generator = maker()
        next(generator)
        await p(maker.__name__)
        try:
            next(generator)
        except (ValueError, RuntimeError) as error:
            p.log(error)
        p.log(list(generator))
    generator = ignores()
    next(generator)
    await p("ignores")
    try:
        generator.close()
    except RuntimeError as error:
        p.log(error)
    p.log(list(generator))

    def reenters():
        yield 1
        next(me)

    me = reenters()
    next(me)
    await p("reenters")
    try:
        next(me)
    except ValueError as error:
        p.log(error)
