"""Comprehensions and lambdas in methods of classes, with names of the class and of the function."""


class Table:
    rows = [1, 2]
    doubled = [r * 2 for r in rows]

    def __init__(self, p):
        self.p = p

    async def all(self, factor):
        return [(self.__class__.__name__, r * factor, await self.p(r)) for r in self.rows]

    async def pairs(self):
        return {r: [s for s in self.doubled if s > r + await self.p(s)] for r in self.rows}


SCRIPT = ["a", "b", 0, 1, 2, 3]


async def main(p):
    table = Table(p)
    p.log(await table.all(10))
    p.log(await table.pairs())
