"""The name of an exception, captured by a closure."""


async def main(p):
    def show():
        try:
            return repr(e)
        except NameError as error:
            return type(error).__name__, str(error)

    p.log(show())
    try:
        raise ValueError("v")
    except ValueError as e:
        p.log(show())
        await p("handler")
        p.log(show())
        kept = e
    p.log(show(), kept, await p("after"), show())
