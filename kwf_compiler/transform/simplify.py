"""Simplify: blocks that only jump are skipped, and a block is joined to its only predecessor.

Before::

    b0:
      x = f()
      pass
      jump b1
    b1:
      jump b2
    b2:
      suspend await x -> b3

After::

    b0:
      x = f()
      pass
      suspend await x -> b1

Limits: only blocks with the same handler are joined; a block that resumes keeps its place.
"""

from __future__ import annotations

from dataclasses import replace

from kwf_compiler.ir.nodes import (
    Block,
    Branch,
    Jump,
    Machine,
    Next,
    Suspend,
    Switch,
    Terminator,
)


def simplify_blocks(machine: Machine) -> Machine:
    """Join what can be joined, in place."""
    for block in machine.blocks():
        block.end = _retarget(block.end)
    changed = True
    while changed:
        changed = False
        blocks = machine.blocks()
        entered = _entries(machine, blocks)
        for block in blocks:
            while isinstance(block.end, Jump):
                target = block.end.target
                single = entered.get(target) == 1 and target.resume is None
                if not single or target is block or target.handler is not block.handler:
                    break
                block.body += target.body
                block.end = target.end
                entered[target] = 0
                changed = True
    return machine


def _final(block: Block) -> Block:
    """Where a chain of empty jumping blocks leads."""
    seen: set[Block] = set()
    while isinstance(block.end, Jump) and not block.body and block.resume is None:
        if block in seen:
            return block
        seen.add(block)
        block = block.end.target
    return block


def _retarget(end: Terminator) -> Terminator:
    match end:
        case Jump(target) | Switch(target):
            return replace(end, target=_final(target))
        case Branch(_, then, orelse):
            return replace(end, then=_final(then), orelse=_final(orelse))
        case Next(_, _, body, done):
            return replace(end, body=_final(body), done=_final(done))
        case Suspend():
            return end
    return end


def _entries(machine: Machine, blocks: list[Block]) -> dict[Block, int]:
    """How many ways lead to each block, handlers and the entry counted."""
    count = {machine.entry: 2}
    for block in blocks:
        ways = block.successors()
        if isinstance(block.end, Switch):
            ways = [*ways, block.end.target]  # stepped into anew: keeps its own number
        if block.handler is not None:
            ways = [*ways, block.handler]
        for target in ways:
            count[target] = count.get(target, 0) + 1
    return count
