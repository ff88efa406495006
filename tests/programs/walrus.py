"""Assignment expressions around, inside and between awaits, also in comprehensions."""


async def main(p):
    if (x := await p("a")) == "r0" and (y := await p(x)):
        p.log(x, y)
    p.log([z := await p("b"), z, z := "new"], z)
    while (n := await p("loop")) < "r5":
        p.log(n)
    p.log(n, [last := await p(i) for i in range(2)], last)
    p.log((u := 1) + (u := u + len(await p("c"))) + u)
