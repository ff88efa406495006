"""Branches with awaits in tests and bodies; empty branches; nesting."""

SCRIPT = [0, 1, "x", 0, 0, "y", 0, 0, 0, "z"]


async def main(p):
    for i in range(4):
        if await p(("first", i)):
            p.log("one", await p("body 1"))
        elif await p(("second", i)):
            if i:
                pass
            else:
                p.log("nested")
            p.log("two", await p("body 2"))
        elif i == 2:
            p.log("three")
        else:
            p.log("else", await p("body else"))
        p.log("after", i)
