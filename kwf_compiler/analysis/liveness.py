"""Liveness and boundness: what a frame has to save at each suspension.

Both are fixpoints over the blocks (Aho, Lam, Sethi, Ullman: Compilers, 9.2). An exception may leave
a block at any point, so what its handler needs is live all through it, and only what was bound
before it is surely bound there.

Limits: drops what is dead, merges nothing: a slot is one variable of the source.
"""

from __future__ import annotations

from kwf_compiler.analysis.variables import binds, end_binds, end_reads, reads, unbinds
from kwf_compiler.ir.nodes import Block, Machine

Facts = dict[Block, frozenset[str]]


def find_live(machine: Machine) -> Facts:
    """The local variables that are live where each block starts."""
    blocks = machine.blocks()
    if _sees_all(blocks):
        return dict.fromkeys(blocks, machine.locals)
    live: Facts = dict.fromkeys(blocks, frozenset())
    effects = {block: _effects(block) for block in blocks}
    changed = True
    while changed:
        changed = False
        for block in reversed(blocks):
            now = _live_in(block, live, effects[block]) & machine.locals
            if now != live[block]:
                live[block] = now
                changed = True
    return live


def _effects(block: Block) -> tuple[set[str], set[str]]:
    """What a block reads of what was there before it, and what it binds whatever was there."""
    read, bound = end_reads(block.end), end_binds(block.end)
    for statement in reversed(block.body):
        kills = binds(statement)
        read = (read - kills) | reads(statement)
        bound = bound | kills
    if block.resume is not None and block.resume.target is not None:
        read = read - {block.resume.target}
        bound = bound | {block.resume.target}
    return read, bound


def _live_in(block: Block, live: Facts, effects: tuple[set[str], set[str]]) -> frozenset[str]:
    read, bound = effects
    out: set[str] = set().union(*(live[s] for s in block.successors()))
    out = (out - bound) | read
    if block.handler is not None:
        out |= live[block.handler]
    return frozenset(out)


def _sees_all(blocks: list[Block]) -> bool:
    """Whether the function looks at its variables other than by name."""
    names = {"locals", "vars", "dir", "eval", "exec"}
    return any(
        names & (end_reads(block.end) | set().union(*map(reads, block.body))) for block in blocks
    )


def find_bound(machine: Machine) -> Facts:
    """The local variables that are surely bound where each block starts."""
    blocks = machine.blocks()
    everything = machine.locals
    bound: Facts = dict.fromkeys(blocks, everything)
    bound[machine.entry] = frozenset(machine.params) & everything
    effects = {block: [(unbinds(s), binds(s)) for s in block.body] for block in blocks}
    changed = True
    while changed:
        changed = False
        for block in blocks:
            at_end, throughout = _bound_out(block, bound[block], effects[block])
            edges = [(s, at_end) for s in block.successors()]
            if block.handler is not None:
                edges.append((block.handler, throughout))
            for target, known in edges:
                now = bound[target] & known
                if now != bound[target]:
                    bound[target] = now
                    changed = True
    return bound


def _bound_out(
    block: Block, start: frozenset[str], effects: list[tuple[set[str], set[str]]]
) -> tuple[frozenset[str], frozenset[str]]:
    """What is bound at the end of a block, and what is bound at every point of it."""
    current, throughout = set(start), set(start)
    if block.resume is not None and block.resume.target is not None:
        current.add(block.resume.target)
    for lost, gained in effects:
        throughout -= lost
        current = (current - lost) | (gained - lost)
    return frozenset(current | end_binds(block.end)), frozenset(throughout)
