"""Leaving ``with`` by return, break and continue calls exit with None."""


class Manager:
    def __init__(self, p):
        self.p = p

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.p.log("exit", args[:2])
        return True


async def leave(p):
    for i in range(4):
        with Manager(p):
            await p(i)
            if i == 0:
                continue
            if i == 1:
                raise ValueError("suppressed")
            if i == 2:
                break
    with Manager(p):
        try:
            return await p("return")
        finally:
            await p("finally")
            raise ValueError("suppresses the return too")
    return "after"


async def main(p):
    p.log(await leave(p))
    with Manager(p):
        return await p("value")
