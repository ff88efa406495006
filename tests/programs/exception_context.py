"""``__context__`` of exceptions raised in handlers, in functions awaited from handlers, and thrown in."""


async def fails(p, what):
    await p(what)
    raise KeyError(what)


async def main(p):
    try:
        try:
            raise ValueError("outer")
        except ValueError:
            await p("handler")
            await fails(p, "in callee")
    except KeyError as error:
        p.log(error)
    try:
        try:
            raise ValueError("outer")
        except ValueError:
            try:
                await fails(p, "middle")
            except KeyError:
                await fails(p, "inner")
    except KeyError as error:
        p.log(error)
    try:
        await fails(p, "no context")
    except KeyError as error:
        p.log(error)
    error = ValueError("self")
    try:
        try:
            raise error
        except ValueError as caught:
            await p("same")
            raise caught
    except ValueError as again:
        p.log(again, again is error)
