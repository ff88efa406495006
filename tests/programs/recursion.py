"""Recursion and mutual recursion of async functions with awaits at every level."""


async def factorial(p, n):
    if n == 0:
        return 1
    await p(n)
    return n * await factorial(p, n - 1)


async def even(p, n):
    return True if n == 0 else await odd(p, n - 1)


async def odd(p, n):
    if n == 0:
        return False
    await p(("odd", n))
    return await even(p, n - 1)


async def hanoi(p, n, a="a", b="b", c="c"):
    if n:
        await hanoi(p, n - 1, a, c, b)
        await p((n, a, c))
        await hanoi(p, n - 1, b, a, c)


async def tree(p, node):
    if isinstance(node, list):
        return [await tree(p, one) for one in node]
    return await p(node)


async def main(p):
    p.log(await factorial(p, 6), await even(p, 5), await odd(p, 3))
    await hanoi(p, 3)
    p.log(await tree(p, [1, [2, [3, []], 4], 5]))

    async def local(n):
        return [n, *await local(n - 1)] if n else [await p("bottom")]

    p.log(await local(4))
