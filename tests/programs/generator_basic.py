"""Generators defined in the module and used across suspensions, a native ``for`` and ``next``."""


def count(n):
    """Count."""
    i = 0
    while i < n:
        yield i
        i += 1
    return "end"


async def main(p):
    generator = count(5)
    p.log(next(generator))
    await p("kept")
    p.log(next(generator))
    for x in generator:
        p.log(x, await p(x))
    try:
        next(generator)
    except StopIteration as stop:
        p.log(stop)
    p.log(list(count(3)), sum(count(4)), count.__doc__, generator.__name__)
    fresh = count(2)
    await p("not started")
    p.log(list(fresh))
    ended = count(0)
    try:
        next(ended)
    except StopIteration as stop:
        p.log(stop.value)
    await p("ended")
    p.log(list(ended))
