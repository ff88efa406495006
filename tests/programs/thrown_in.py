"""Exceptions thrown at suspensions: caught, transformed, passed through several frames."""

SCRIPT = [ValueError("one"), ValueError("two"), "fine", KeyError("three"), ValueError("four")]


async def inner(p):
    try:
        return await p("inner")
    except ValueError as error:
        raise RuntimeError("transformed") from error


async def middle(p):
    try:
        return await inner(p)
    finally:
        p.log("middle finally")


async def main(p):
    try:
        await p("direct")
    except ValueError as error:
        p.log(error)
    try:
        await middle(p)
    except RuntimeError as error:
        p.log(error)
    p.log(await middle(p))
    try:
        await middle(p)
    except KeyError as error:
        p.log(error)
    try:
        raise IndexError("handled")
    except IndexError:
        await p("thrown while another is handled")
