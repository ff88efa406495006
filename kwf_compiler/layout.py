"""Layouts: the schema of the frames of a function, which outlives the text of the function.

A label is named by the text that suspends and its ordinal among equal texts of the function, so
that code around it may change. Its slots are named by the variables of the source.

Limits: the compiler's side only; kwf_runtime.serial checks saved frames against it.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kwf_compiler.analysis.saved import Saved
    from kwf_compiler.ir.nodes import Block, Machine


@dataclass(frozen=True, slots=True)
class Label:
    """A suspension: its name, its line in the source, and the variables that are saved there."""

    name: str
    line: int
    slots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The frames of a function: their kind, the labels in the order of ``pc``, the first slots."""

    kind: str
    labels: tuple[Label, ...]
    params: tuple[str, ...]

    def to_ast(self) -> ast.expr:
        """The layout as it stands at the end of a compiled module."""
        rows = tuple((label.name, label.line, label.slots) for label in self.labels)
        return ast.parse(repr((self.kind, rows, self.params)), mode="eval").body


def make_layout(machine: Machine, resumes: list[Block], saved: dict[Block, Saved]) -> Layout:
    """The layout of a machine whose blocks are numbered."""
    seen: Counter[str] = Counter()
    labels = []
    for block in resumes:
        assert block.resume is not None
        text = block.resume.label
        line = getattr(block.place, "lineno", 0)
        labels.append(Label(f"{text}#{seen[text]}", line, saved[block].names))
        seen[text] += 1
    return Layout(machine.kind, tuple(labels), machine.params)
