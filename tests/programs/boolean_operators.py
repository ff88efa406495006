"""``and``/``or``/``not``/ternary short-circuit around awaits and give operands, not booleans."""

SCRIPT = ["", 0, "yes", 5, [], None, 1, 2, 0, "x", "", "last"]


async def main(p):
    p.log(await p("a") or await p("b") or await p("c"))
    p.log(await p("d") and await p("e") and await p("never"))
    p.log(await p("f") or await p("g") and await p("h"))
    p.log((await p("i") or "default") if not await p("j") else await p("k"))
    p.log("then" if await p("l") else await p("else"))
    p.log([x for x in (1, 2) if x > 1 or await p(("in", x))])
