"""Prints machines: a line a statement, blocks numbered in the order control reaches them.

Limits: for people and tests; nothing reads it back.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from kwf_compiler.ir.nodes import (
    Block,
    Branch,
    Jump,
    Machine,
    Next,
    Reraise,
    Return,
    Suspend,
    Switch,
)

if TYPE_CHECKING:
    from kwf_compiler.analysis.saved import Saved


def print_machine(machine: Machine, saved: dict[Block, Saved] | None = None) -> str:
    """The text of a machine; with ``saved``, what each block finds in the frame."""
    number = {block: f"b{index}" for index, block in enumerate(machine.blocks())}
    lines = [f"{machine.kind} {machine.function.name}({', '.join(machine.params)}):"]
    for block, name in number.items():
        head = f"  {name}:"
        if block.resume is not None:
            target = f" -> {block.resume.target}" if block.resume.target else ""
            head += f" resume {block.resume.label}{target}"
        if block.handler is not None:
            head += f" ! {number[block.handler]}"
        if saved is not None:
            marks = (n + "?" * (n in saved[block].unsure) for n in saved[block].names)
            head += f" [{' '.join(marks)}]"
        lines.append(head)
        for statement in block.body:
            lines += [f"    {line}" for line in ast.unparse(statement).splitlines()]
        lines.append(f"    {_end(block, number)}")
    return "\n".join(lines)


def _end(block: Block, number: dict[Block, str]) -> str:
    match block.end:
        case Jump(target):
            return f"jump {number[target]}"
        case Switch(target):
            return f"switch {number[target]}"
        case Branch(test, then, orelse):
            return f"if {ast.unparse(test)} {number[then]} else {number[orelse]}"
        case Next(iterator, item, body, done):
            return f"{item} = next({iterator}) {number[body]} else {number[done]}"
        case Suspend(kind, operand, resume):
            text = f" {ast.unparse(operand)}" if operand is not None else ""
            return f"suspend {kind}{text} -> {number[resume]}"
        case Return(value):
            return f"return {ast.unparse(value)}" if value is not None else "return"
        case Reraise():
            return "reraise"
    return "unreachable"
