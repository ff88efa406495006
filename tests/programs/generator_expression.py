"""Generator expressions in locals across suspensions, captured variables, laziness, nesting."""


async def main(p):
    factor = 2
    lazy = (x * factor for x in range(5) if x != 1)
    p.log(next(lazy))
    await p("kept")
    factor = 10
    p.log(next(lazy))
    for x in lazy:
        p.log(x, await p(x))
    pairs = ((a, b) for a in "ab" for b in (a + str(i) for i in range(2)))
    p.log(next(pairs))
    await p("in the middle")
    p.log(list(pairs))
    p.log(sum(x for x in range(4)), max((len(s) for s in ["a", "bb"]), default=0))
    at_once = await p("iterable")
    first = (c for c in at_once)
    await p("kept again")
    p.log(list(first))
