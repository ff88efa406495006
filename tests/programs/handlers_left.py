"""Leaving handlers by continue, break and return restores what was handled before."""

import sys


async def leave(p):
    for i in range(4):
        try:
            raise ValueError(i)
        except ValueError:
            await p(i)
            if i == 0:
                continue
            if i == 1:
                pass
            elif i == 2:
                try:
                    raise KeyError
                except KeyError:
                    break
        p.log(i, sys.exception())
    p.log("left", sys.exception())
    try:
        raise ValueError("return")
    except ValueError:
        return await p("return")


async def main(p):
    p.log(await leave(p), sys.exception())
    try:
        raise IndexError("around")
    except IndexError:
        p.log(await leave(p), sys.exception())
    p.log(sys.exception())
