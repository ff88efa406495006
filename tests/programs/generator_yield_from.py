"""yield from: values sent, exceptions thrown, results, delegation to lists and to nested generators."""


def inner(n):
    got = []
    for i in range(n):
        try:
            got.append((yield i))
        except ValueError as error:
            got.append(str(error))
    return got


def outer(n):
    first = yield from inner(n)
    second = yield from "ab"
    third = yield from inner(1)
    return first, second, third


async def main(p):
    generator = outer(3)
    p.log(next(generator))
    await p("inside the inner one")
    p.log(generator.send("s"))
    await p("again")
    p.log(generator.throw(ValueError("v")))
    await p("and again")
    p.log(next(generator))
    await p("in the text")
    p.log(next(generator), next(generator))
    await p("last")
    try:
        generator.send("end")
    except StopIteration as stop:
        p.log(stop.value)
    deep = outer(1)
    next(deep)
    await p("delegating")
    deep.close()
    p.log(list(deep))
