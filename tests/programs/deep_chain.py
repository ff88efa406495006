"""A chain of 1000 awaiting frames: suspended at the bottom, resumed, and thrown through."""

import sys

SCRIPT = ["down", ValueError("through all"), "up"]


async def deep(p, n):
    if n == 0:
        return await p("bottom")
    return await deep(p, n - 1) + "."[n % 100 :]


async def main(p):
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20000)
    try:
        p.log(len(await deep(p, 1000)))
        try:
            await deep(p, 1000)
        except ValueError as error:
            p.log(error.args, error.__context__)
        p.log(len(await deep(p, 10)))
    finally:
        sys.setrecursionlimit(limit)
