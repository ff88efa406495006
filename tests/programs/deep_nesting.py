"""Statements nested eight deep, with an await at the bottom and exits at several levels."""


class Manager:
    def __init__(self, p, name):
        self.p = p
        self.name = name

    async def __aenter__(self):
        return self

    async def __aexit__(self, *args):
        await self.p(("exit", self.name))

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.p.log("exit", self.name, args[:2])


async def deep(p, kind):
    for i in range(2):
        async with Manager(p, "a"):
            while True:
                try:
                    with Manager(p, "b"):
                        if i == 0 or kind == "late":
                            try:
                                for _ in range(2):
                                    try:
                                        await p((kind, i))
                                        if kind == "break":
                                            break
                                        if kind == "continue":
                                            continue
                                        if kind == "return":
                                            return "returned"
                                        if kind == "raise" or i:
                                            raise KeyError(kind)
                                    finally:
                                        p.log("innermost", i)
                                else:
                                    p.log("inner else", await p("else"))
                            except KeyError as error:
                                p.log(error, await p("handler"))
                                if i:
                                    raise ValueError from error
                            break
                        break
                finally:
                    await p("finally")
    return "end"


async def main(p):
    for kind in ("break", "continue", "return", "raise"):
        p.log(kind, await deep(p, kind))
    try:
        await deep(p, "late")
    except ValueError as error:
        p.log(error)
