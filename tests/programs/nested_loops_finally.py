"""Loops and ``try/finally`` in each other, left by ``break`` and ``continue``."""


async def main(p):
    for i in range(3):
        try:
            for j in range(3):
                try:
                    if j == 1 and i == 0:
                        continue
                    if i == 1:
                        break
                    await p((i, j))
                finally:
                    p.log("inner finally", i, j, await p("inner"))
            else:
                p.log("inner else")
            if i == 2:
                break
            p.log("end of", i)
        finally:
            p.log("outer finally", i, await p("outer"))
    else:
        p.log("never")
    return i
