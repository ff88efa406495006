"""``x += await f()`` reads x first."""


async def main(p):
    x = 1

    async def change():
        nonlocal x
        x = 100
        await p("change")
        return 5

    x += await change()
    p.log(x)
    y = "s"
    y += await p("suffix")
    y *= 2
    p.log(y)
    z = [1]
    same = z
    z += [await p("item")]
    p.log(z, same is z)
