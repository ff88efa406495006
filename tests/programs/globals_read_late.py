"""Module-level names are looked up when they are used, also names of later definitions."""


async def main(p):
    p.log(early(), await late(p), CONSTANT)
    return await Later().method(p)


def early():
    return "early " + CONSTANT


async def late(p):
    return await p("late")


class Later:
    async def method(self, p):
        return type(self).__name__, await p("method"), self.other()

    def other(self):
        return helper(self)


def helper(x):
    return x.__class__.__qualname__


CONSTANT = "constant"
