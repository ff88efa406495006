"""All operators with awaited operands, matrix multiplication and reflected ones among them."""


class Vector:
    def __init__(self, *values):
        self.values = values

    def __matmul__(self, other):
        return sum(a * b for a, b in zip(self.values, other.values))

    def __radd__(self, other):
        return "reflected", other

    def __neg__(self):
        return Vector(*(-v for v in self.values))

    def __repr__(self):
        return f"Vector{self.values}"

    def __imatmul__(self, other):
        return Vector(self @ other)

    def __contains__(self, x):
        return x in self.values


async def main(p):
    async def v(x):
        await p(repr(x))
        return x

    p.log(await v(7) // await v(2), await v(7) % await v(4), await v(2) ** await v(3) ** await v(2))
    p.log(await v(6) & await v(3) | await v(8) ^ await v(1), await v(1) << await v(3) >> await v(1))
    p.log(await v(Vector(1, 2)) @ await v(Vector(3, 4)), await v(1) + await v(Vector(5)))
    p.log(-await v(Vector(1)), +await v(2), ~await v(5), not await v(0), await v(1) / await v(4))
    x = await v(Vector(1, 2))
    x @= await v(Vector(2, 2))
    p.log(x, await v(6) in x, await v(1) not in await v([1]), await v(None) is not None)
    y = 5
    y **= await v(2)
    y //= await v(3)
    y <<= await v(1)
    y |= await v(1)
    p.log(y)
