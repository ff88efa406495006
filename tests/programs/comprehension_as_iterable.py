"""Comprehensions with awaits as iterables, arguments, conditions and operands."""


async def main(p):
    for x in [await p(i) for i in range(2)]:
        p.log(x)
    p.log(*[await p(i) for i in range(2)], sum([len(await p(i)) for i in range(2)]))
    if any([await p("any")]) and not [i for i in range(2) if not await p(i)]:
        p.log("yes")
    p.log([1] + [await p(2)] + [await p(i) for i in range(3, 5)], len([await p(5)]))
    x = [await p("left") for _ in range(1)] or [await p("never")]
    p.log(x, (await p("before"), [await p("inside") for _ in "a"], await p("behind")))
