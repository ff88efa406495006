"""Comprehensions that await, and generator expressions, in what the head of a definition evaluates."""


async def numbers(p):
    yield await p("first number")
    yield await p("second number")


async def decorators(p):
    def decorate(function):
        return "decorated"

    await p("decorator")
    yield decorate


async def main(p):
    def defaults(x=[await p(i) for i in range(2)], *, y=[i async for i in numbers(p)]):
        return x, y

    p.log(defaults())

    in_lambda = lambda x=[await p(i) for i in range(2)], *, z={i: await p(i) for i in "ab"}: (x, z)
    p.log(in_lambda())

    class C(*[await p(base) and base for base in (dict,)], metaclass=[await p(0) and type][0]):
        pass

    p.log(C.__mro__[1])

    @[decorator async for decorator in decorators(p)][0]
    def decorated():
        pass

    p.log(decorated)

    def kept(it=(x * 2 for x in (1, 2, 3))):
        return next(it)

    p.log(kept())
    await p("between")
    p.log(kept())
    try:
        raise ValueError
    except ValueError:
        count = 0
        count -= (lambda z=sum([i async for i in numbers(p)] and [1]): z)()
        p.log(count)
