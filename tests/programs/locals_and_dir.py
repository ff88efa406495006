"""locals(), and functions that look at it, after suspensions."""


async def main(p):
    a = 1
    b = await p("b")
    p.log(sorted(name for name in locals() if not name.startswith("_")))
    del a
    await p("deleted")
    p.log(sorted(name for name in locals() if not name.startswith("_")), "p" in locals(), locals()["b"])
    c = [b]
    p.log(eval("c + [b]"), eval("1 + 1"))
