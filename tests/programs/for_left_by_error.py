"""A generator in a ``for`` is closed where the loop is left, whatever way it is left."""


def numbers(p, name):
    try:
        yield 1
        yield 2
    finally:
        p.log("closed", name)


async def returning(p):
    try:
        for _ in numbers(p, "return"):
            for _ in numbers(p, "inner return"):
                await p("in the loop")
                return p.log("returning")
    finally:
        p.log("finally")
        await p("in finally")


async def main(p):
    try:
        for _ in numbers(p, "raise"):
            await p("in the loop")
            raise ValueError("left")
    except ValueError as error:
        p.log("caught", error)
    try:
        for _, _ in numbers(p, "target"):
            await p("never")
    except TypeError as error:
        p.log("caught", error)
    try:
        for _ in numbers(p, "thrown"):
            await p("throw")
    except KeyError as error:
        p.log("caught", error)
    await returning(p)
    for _ in numbers(p, "uncaught"):
        await p("in the last loop")
        raise LookupError


SCRIPT = ["r0", "r1", KeyError("thrown in")]
