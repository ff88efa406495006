"""What a frame holds where a step can start: the live variables, and whether they are bound.

Limits: names only; the emitter writes the spill and the reload, the layout keeps the names.
"""

from __future__ import annotations

from dataclasses import dataclass

from kwf_compiler.analysis.liveness import find_bound, find_live
from kwf_compiler.ir.nodes import Block, Machine


@dataclass(frozen=True)
class Saved:
    """What is saved where a block starts: the variables, and those of them that may be unbound."""

    names: tuple[str, ...]
    unsure: frozenset[str]


def find_saved(machine: Machine) -> dict[Block, Saved]:
    """What each block needs when a step starts there."""
    live, bound = find_live(machine), find_bound(machine)
    return {block: Saved(tuple(sorted(live[block])), live[block] - bound[block]) for block in live}
