"""Verifies machines: what the passes promise each other.

A violation is the compiler's own fault: an ``InternalCompilerError`` with the machine printed.

Limits: structure, not meaning; the program tests check meaning.
"""

from __future__ import annotations

import ast

from kwf_compiler.diagnostics import InternalCompilerError
from kwf_compiler.ir.nodes import Block, Machine, Suspend, Unreachable
from kwf_compiler.ir.pprint import print_machine
from kwf_compiler.passes.mark import suspends

_ENDS = (ast.Raise, ast.Return)


def verify_machine(machine: Machine) -> None:
    """Check every rule.

    Raises:
        InternalCompilerError: naming the rule and the block.
    """
    blocks = machine.blocks()
    numbers = {block: index for index, block in enumerate(blocks)}
    for block, index in numbers.items():
        for rule in _broken_rules(block):
            text = print_machine(machine)
            raise InternalCompilerError(
                f"{machine.function.name}, block b{index}: {rule}; please report this\n{text}"
            )
    resumed = [b.end.resume for b in blocks if isinstance(b.end, Suspend)]
    if len(resumed) != len(set(map(id, resumed))):
        raise InternalCompilerError("two suspensions resume at one block")


def _broken_rules(block: Block) -> list[str]:
    broken = []
    if any(suspends(statement) for statement in block.body):
        broken.append("a statement inside of a block suspends")
    if isinstance(block.end, Suspend):
        if block.end.resume.resume is None:
            broken.append("a suspension goes on at a block that does not resume")
        if block.end.operand is not None and suspends(block.end.operand):
            broken.append("the operand of a suspension suspends")
        if block.end.resume.handler is not block.handler:
            broken.append("a suspension changes the handler")
    ends = bool(block.body) and isinstance(block.body[-1], _ENDS)
    if isinstance(block.end, Unreachable) and not ends:
        broken.append("a block has no end")
    if block.handler is not None and not _catches(block.handler):
        broken.append("a handler does not start by catching")
    return broken


def _catches(block: Block) -> bool:
    return bool(block.body) and ast.unparse(block.body[0]).partition("(")[0].endswith(".catch")
