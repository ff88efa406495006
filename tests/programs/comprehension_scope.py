"""The variables of a comprehension are its own; what it captures is shared."""


async def main(p):
    x = "outer"
    i = "i outer"
    p.log([x for x in range(2)], x)
    p.log([await p(x) for x in range(2)], x)
    p.log([(i, x, await p(i)) for i in range(2)], i)
    p.log([[x for x in [x, await p(x)]] for x in [x]], x)
    functions = [(lambda: (x, i)) for i in range(2) if await p(i)]
    x = "changed"
    await p("kept")
    p.log([f() for f in functions])
    try:
        p.log([await p(undefined) for undefined in range(1)], undefined)  # noqa: F821
    except NameError as error:
        p.log(type(error), error)
    p.log([total := (await p(n)) for n in range(2)], total)
