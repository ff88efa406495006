"""Chains of attributes, calls and subscripts on awaited values."""


class Node:
    def __init__(self, name, next=None):
        self.name = name
        self.next = next

    async def follow(self, p):
        await p(self.name)
        return self.next

    def child(self, suffix):
        return Node(self.name + suffix)


async def main(p):
    node = Node("a", Node("b", Node("c")))
    p.log((await (await node.follow(p)).follow(p)).name.upper().lower()[0])
    p.log(node.child(await p("suffix")).child(await p("more")).name)
    p.log((await p("text")).replace(await p("from"), await p("to")).split())
