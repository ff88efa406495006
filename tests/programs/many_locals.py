"""Many variables, of which few are needed later, and reassigned ones."""


async def main(p):
    a = b = c = d = e = 0
    for a in range(2):
        b = a + 1
        c, d = await p(b), c
        e = [a, b, c, d]
        f = e, e
        await p(f)
        g = f[0] is f[1]
        del f
    h = {name: value for name, value in (("a", a), ("b", b), ("c", c), ("d", d), ("e", e), ("g", g))}
    await p("used last")
    return h
