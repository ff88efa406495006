"""What is no asynchronous context manager, and exits that change the exception handled."""

import sys


class Half:
    async def __aenter__(self):
        pass


class Manager:
    def __init__(self, p):
        self.p = p

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, value, traceback):
        self.p.log("handled in exit", sys.exception())
        await self.p("exit")
        self.p.log("handled after await", sys.exception())


async def main(p):
    for wrong in (5, Half(), None):
        try:
            async with wrong:
                p.log("never")
        except TypeError as error:
            p.log(error)
            await p("next")
    try:
        async with Manager(p):
            raise ValueError("v")
    except ValueError as error:
        p.log(error)
    async with Manager(p):
        await p("well")
    p.log(sys.exception())
