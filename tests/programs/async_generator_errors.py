"""Exceptions of asynchronous generators: raised, thrown in, and stopping ones."""

FAULTS = False  # the end of an abandoned asynchronous generator is a matter of the event loop


async def work(p):
    for i in range(3):
        try:
            yield i
        except ValueError as error:
            p.log("caught", error, await p("handler"))
            yield "after"
    raise KeyError(await p("raising"))


async def stops(p):
    yield await p("stops")
    raise StopAsyncIteration


async def main(p):
    generator = work(p)
    p.log(await anext(generator))
    p.log(await generator.athrow(ValueError("thrown")))
    await p("kept")
    p.log(await anext(generator), await anext(generator))
    try:
        await anext(generator)
    except KeyError as error:
        p.log(error)
    p.log(await anext(generator, "default"))
    generator = stops(p)
    await anext(generator)
    try:
        await anext(generator)
    except RuntimeError as error:
        p.log(error)
