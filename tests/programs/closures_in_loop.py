"""Closures made in a loop share the loop variable; default arguments keep their own value."""


async def main(p):
    functions = []
    kept = []
    for i in range(3):
        functions.append(lambda: i)
        kept.append(lambda i=i: i)
        await p(i)
    await p("after")
    p.log([f() for f in functions], [f() for f in kept])
    i = "changed"
    p.log([f() for f in functions])
    rows = [[lambda: (x, y) for x in range(2)] for y in range(2)]
    await p("comprehension")
    p.log([f() for row in rows for f in row])
