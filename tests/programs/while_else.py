"""``while`` with ``else``, ``break``, ``continue``, awaits in the test and in all parts."""


async def main(p):
    n = 0
    while n < 3 and await p(("test", n)):
        n += 1
        if n == 2:
            await p("continuing")
            continue
        p.log("body", n, await p("body"))
    else:
        p.log("else", await p("else"))
    while True:
        n -= 1
        if n < 0:
            p.log(await p("breaking"))
            break
        if n % 2:
            continue
        p.log("even", n)
    else:
        p.log("never")
    while False:
        await p("never")
    else:
        p.log("at once", await p("else at once"))
    return n
