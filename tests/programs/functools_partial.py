"""functools.partial of async functions, methods and closures, kept across suspensions."""

from functools import partial, reduce


async def call(p, kind, *args, **options):
    return kind, args, options, await p(kind)


class Thing:
    def __init__(self, name):
        self.name = name

    async def method(self, p, suffix):
        return self.name + suffix + await p("method")


async def main(p):
    car = partial(call, p, "car", colour="red")
    nested = partial(car, 1, doors=4)
    await p("kept")
    p.log(await car(), await nested(2, colour="blue"), nested.func is call)
    bound = partial(Thing("t").method, p)
    actions = {"a": bound, "b": partial(bound, suffix="s")}
    await p("in a dict")
    p.log(await actions["a"]("x"), await actions["b"]())
    p.log(reduce(lambda a, b: a + b, [await p(i) for i in range(3)]))

    compensations = []
    for name in ("one", "two"):
        compensations.append(partial(call, p, name))
        await p(("step", name))
    while compensations:
        p.log(await compensations.pop()())
