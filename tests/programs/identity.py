"""Identity is kept across suspensions: shared lists, cycles, singletons, classes and functions."""


class Node:
    def __init__(self):
        self.me = self
        self.children = []


def function():
    pass


async def main(p):
    shared = [1]
    a, b = {"s": shared}, (shared, shared)
    node = Node()
    node.children.append(node)
    ring = []
    ring.append(ring)
    kinds = [Node, function, len, int, None, ..., NotImplemented, print, ValueError]
    empty = ()
    method = node.children.append
    await p("kept")
    a["s"].append(2)
    p.log(b, b[0] is b[1] is shared is a["s"])
    p.log(node.me is node, node.children[0] is node, ring[0] is ring, type(node) is Node)
    p.log(kinds[0] is Node, kinds[1] is function, kinds[2] is len, kinds[4:7], kinds[8] is ValueError)
    method("appended")
    p.log(node.children[1], empty == ())

    async def callee(values):
        values.append(await p("callee"))
        return values

    p.log(await callee(shared) is shared, shared)
