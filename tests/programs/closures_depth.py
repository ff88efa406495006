"""Variables captured through several levels, with functions that pass them on only."""


async def main(p):
    a = "a"

    async def level1(b):
        async def level2(c):
            nonlocal a, b

            def level3(d):
                nonlocal a
                a = a + b + c + d
                return a

            p.log(level3(await p("d")))
            b = await p("b")
            await p("again")
            p.log(level3("!"))
            return level3

        result = await level2("c")
        p.log(b)
        return result

    last = await level1("b")
    await p("outside")
    p.log(last("?"), a)
