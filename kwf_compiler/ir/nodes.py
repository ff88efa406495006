"""Blocks, terminators and the handler of each block.

A function is a graph of blocks. A block runs native statements (the user's ``ast``), none of which
suspends, and ends in one terminator. While it runs, an exception goes to its ``handler``. A
suspension ends a block; what follows it is another one.

Limits: data only; ``verify`` says what must hold, ``pprint`` shows it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Literal

from kwf_compiler.passes.mark import Kind


@dataclass(frozen=True, slots=True)
class Depth:
    """How many exceptions are being handled somewhere: known ones, and one per ``finally`` that
    runs because of an exception, which its completion record tells at run time."""

    known: int = 0
    records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Jump:
    """Go on at ``target``."""

    target: Block


@dataclass(frozen=True, slots=True)
class Switch:
    """Go on at ``target``, which handles other exceptions than this block: step anew."""

    target: Block


@dataclass(frozen=True, slots=True)
class Branch:
    """Go on at ``then`` if ``test`` is true, else at ``orelse``."""

    test: ast.expr
    then: Block
    orelse: Block


@dataclass(frozen=True, slots=True)
class Next:
    """Take ``item`` from ``iterator`` and go on at ``body``; at its end, at ``done``."""

    iterator: str
    item: str
    body: Block
    done: Block


@dataclass(frozen=True, slots=True)
class Suspend:
    """Give ``operand`` to the caller; go on at ``resume``, which takes the answer."""

    kind: Literal["await", "yield", "yield from"]
    operand: ast.expr | None
    resume: Block


@dataclass(frozen=True, slots=True)
class Return:
    """End with ``value``.

    Attributes:
        place: the statement that returns; None at the end of the function.
    """

    value: ast.expr | None
    place: ast.stmt | None = None


@dataclass(frozen=True, slots=True)
class Reraise:
    """Raise the innermost handled exception again: to this block's handler, or to the caller."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The last statement raises or returns."""


Terminator = Jump | Switch | Branch | Next | Suspend | Return | Reraise | Unreachable


@dataclass(frozen=True, slots=True)
class Resume:
    """What makes a block the continuation of a suspension.

    Attributes:
        label: its name, less the ordinal.
        target: the variable that takes the answer.
    """

    label: str
    target: str | None


@dataclass(eq=False)
class Block:
    """A basic block.

    Attributes:
        place: the node whose position its own code gets.
        handler: where an exception raised in it goes: a block that catches and switches.
        resume: set if it continues a suspension.
        number: its program counter; given by the emitter.
    """

    place: ast.AST
    handler: Block | None = None
    resume: Resume | None = None
    body: list[ast.stmt] = field(default_factory=list)
    end: Terminator = field(default_factory=Unreachable)
    number: int = -1

    def successors(self) -> list[Block]:
        """The blocks that control goes to from the end of this one."""
        match self.end:
            case Jump(target) | Switch(target):
                return [target]
            case Branch(_, then, orelse):
                return [then, orelse]
            case Next(_, _, body, done):
                return [body, done]
            case Suspend(_, _, resume):
                return [resume]
            case Reraise() if self.handler is not None:
                return [self.handler]
        return []


@dataclass
class Machine:
    """A function as blocks.

    Attributes:
        function: its source, desugared and normalized.
        kind: what a call gives.
        entry: where it starts.
        params: parameters that are not captured, in order.
        locals: variables that frames save (neither captured nor global).
        cells: variables of this function that inner functions capture.
        globals: names declared global.
        nonlocals: names declared nonlocal.
        prefix: what CPython puts before the private names in it.
    """

    function: ast.FunctionDef | ast.AsyncFunctionDef
    kind: Kind
    entry: Block
    params: tuple[str, ...]
    locals: frozenset[str]
    cells: tuple[str, ...]
    globals: tuple[str, ...]
    nonlocals: tuple[str, ...]
    prefix: str = ""

    def blocks(self) -> list[Block]:
        """The blocks that can be reached, in the order of the source as far as control has one."""
        seen: set[int] = set()
        order: list[Block] = []
        stack = [self.entry]
        while stack:
            block = stack.pop()
            if id(block) in seen:
                continue
            seen.add(id(block))
            order.append(block)
            following = block.successors()
            if block.handler is not None:
                following = [*following, block.handler]
            stack.extend(reversed(following))
        return order
