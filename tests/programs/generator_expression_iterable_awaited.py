"""An await in the first iterable of a generator expression is awaited where it is written."""


async def main(p):
    at_once = (c for c in await p("iterable at once"))
    p.log("before it is walked")
    p.log(list(at_once))
    p.log(sum(len(c) for c in await p("argument")))
