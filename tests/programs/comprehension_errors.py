"""Exceptions in comprehensions: in the element, the condition, the iterable, thrown in."""

SCRIPT = ["a", ValueError("thrown into an element"), "b", "c"]


async def main(p):
    try:
        p.log([await p(i) for i in range(3)])
    except ValueError as error:
        p.log(error)
    try:
        p.log([10 // i for i in (1, 0) if await p(i)])
    except ZeroDivisionError as error:
        p.log(error)
    try:
        p.log([x for _ in range(2) for x in await p("text") if x.nothing])
    except AttributeError as error:
        p.log(error)
    try:
        p.log([i for i in len(await p("no iterable"))])
    except TypeError as error:
        p.log(error)
