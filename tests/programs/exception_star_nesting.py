"""``except*`` around awaits: raising in clauses, naked exceptions, context, nesting, else and finally."""

import sys


def group(*parts):
    return ExceptionGroup("group", parts)


async def fails(p, exc):
    await p("before")
    raise exc


async def clauses(p, exc):
    try:
        await fails(p, exc)
    except* ValueError as e:
        p.log("value", e, sys.exception())
        await p("in value")
        p.log(sys.exception())
        raise KeyError("from value")
    except* (TypeError, OSError) as e:
        p.log("type or os", e)
        await p("in type")
        raise
    except* LookupError:
        p.log("lookup", await p("in lookup"))
    else:
        p.log("else", await p("in else"))
    finally:
        p.log("finally", await p("in finally"), sys.exception())
    return "end"


async def attempt(p, exc):
    try:
        p.log(await clauses(p, exc))
    except BaseException as error:
        p.log("out", error)
    p.log(sys.exception())


async def harmless(p):
    for i in range(2):
        try:
            p.log(await p("fine"))
        except* ValueError:
            p.log("not here")
        else:
            p.log("else", i)


async def inside(p):
    try:
        raise IndexError("around")
    except IndexError:
        await attempt(p, group(ValueError(1), RuntimeError(2)))
        p.log(sys.exception())


async def bad(p):
    try:
        try:
            await fails(p, group(ValueError(1)))
        except* ExceptionGroup:
            p.log("cannot be")
    except TypeError as error:
        p.log(error)
    try:
        try:
            await fails(p, ValueError(1))
        except* 5:
            p.log("cannot be")
    except TypeError as error:
        p.log(error)


async def main(p):
    await attempt(p, group(ValueError(1), TypeError(2), KeyError(3), RuntimeError(4)))
    await attempt(p, group(group(ValueError(1), OSError(2)), group(IndexError(3))))
    await attempt(p, KeyError("naked"))
    await attempt(p, OSError("naked, raised again"))
    await attempt(p, RuntimeError("naked, not taken"))
    await attempt(p, group(IndexError(1)))
    await harmless(p)
    await inside(p)
    await bad(p)
