"""What is around a statement while its blocks are built: what a way out of it has to pass.

Limits: facts only; ``build`` acts on them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from kwf_compiler.ir.nodes import Block


@dataclass
class Loop:
    """A loop that is split: where ``break`` and ``continue`` go, and the iterator to drop."""

    broken: Block
    again: Block
    iterator: str | None = None


@dataclass
class Region:
    """Code that handles an exception: always, or when its completion record says so."""

    record: str | None = None


@dataclass
class Cleanup:
    """``except … as name``: leaving it unbinds the name."""

    statements: Callable[[], list[ast.stmt]]


@dataclass
class Finally:
    """Inside a ``try`` with ``finally``: every way out goes through it."""

    record: str
    entry: Block
    exits: list[Callable[[], None]] = field(default_factory=list)


Context = Loop | Region | Cleanup | Finally
