"""Generators as closures and methods, sharing variables with an asynchronous function."""


class Tree:
    def __init__(self, value, *children):
        self.value = value
        self.children = children

    def __iter__(self):
        yield self.value
        for child in self.children:
            yield from child


async def main(p):
    total = 0

    def adding(values):
        nonlocal total
        for value in values:
            total += value
            yield total

    first, second = adding([1, 2, 3]), adding([10, 20])
    for a, b in zip(first, second):
        p.log(a, b, total, await p((a, b)))
    total = 1000
    await p("changed")
    p.log(list(first), list(second), total)
    walk = iter(Tree(1, Tree(2, Tree(3)), Tree(4)))
    p.log(next(walk), next(walk))
    await p("in the tree")
    p.log(list(walk))
