"""sys.exc_info() and sys.exception() in handlers after awaits, and in functions called from handlers."""

import sys


def seen():
    kind, value, traceback = sys.exc_info()
    return kind, value, traceback is not None, sys.exception() is value


async def callee(p):
    p.log("callee before", seen())
    await p("callee")
    p.log("callee after", seen())
    try:
        raise KeyError("in callee")
    except KeyError:
        await p("callee handler")
        p.log("callee handler", seen())
    p.log("callee end", seen())


async def main(p):
    p.log(seen())
    try:
        raise ValueError("v")
    except ValueError:
        p.log(seen())
        await p("handler")
        p.log(seen())
        await callee(p)
        p.log(seen())
        try:
            raise IndexError("nested")
        except IndexError:
            await p("nested handler")
            p.log(seen())
            await callee(p)
        p.log("nested left", seen())
    finally:
        p.log("finally", seen())
    p.log(seen())
    try:
        try:
            raise ValueError("w")
        finally:
            await p("exceptional finally")
            p.log(seen())
    except ValueError:
        pass
    p.log(seen())
