"""Tracebacks show functions and lines of the source: through calls, handlers, closures and loops."""


def plain(x):
    return 1 // x


async def leaf(p, x):
    await p("leaf")
    return plain(
        x,
    )


async def loop(p):
    for i in (1, 0):
        await leaf(p, i)


class Thing:
    async def method(self, p):
        async def inner():
            try:
                await loop(p)
            finally:
                await p("finally")

        await inner()


async def main(p):
    try:
        await Thing().method(p)
    except ZeroDivisionError as error:
        p.log(error)
        await p("handler")
        try:
            raise ValueError("second")
        except ValueError as other:
            p.log(other)
    value = {
        "a": await p("a"),
        "b": len(
            await p("b")
        ),
    }
    return (
        value["a"]
        + value["missing"]
    )
