"""The verifier finds every broken rule; the printer shows every kind of terminator."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from kwf_compiler.diagnostics import InternalCompilerError
from kwf_compiler.ir.nodes import (
    Block,
    Branch,
    Jump,
    Machine,
    Next,
    Reraise,
    Resume,
    Return,
    Suspend,
    Switch,
    Unreachable,
)
from kwf_compiler.ir.pprint import print_machine
from kwf_compiler.ir.verify import verify_machine
from kwf_compiler.transform.simplify import simplify_blocks

PLACE = ast.Pass()


def body(text: str) -> list[ast.stmt]:
    return ast.parse(text).body


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def machine(entry: Block) -> Machine:
    function = ast.parse("async def main(a): pass").body[0]
    assert isinstance(function, ast.AsyncFunctionDef)
    names = frozenset(("a",))
    return Machine(function, "coroutine", entry, ("a",), names, (), (), ())


def block(text: str = "", **fields: object) -> Block:
    made = Block(PLACE, body=body(text))
    made.end = Return(None)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def suspended(operand: str | None = "a", **fields: object) -> tuple[Block, Block]:
    resume = block(resume=Resume("await a", None), **fields)
    given = None if operand is None else expression(operand)
    return block(end=Suspend("await", given, resume), **fields), resume


def statement_suspends() -> Block:
    return block("x = await a")


def operand_suspends() -> Block:
    return suspended("await a")[0]


def resumes_nowhere() -> Block:
    first, resume = suspended()
    resume.resume = None
    return first


def changes_handler() -> Block:
    first, resume = suspended()
    resume.handler = block("_kwf_f.catch(0)")
    return first


def has_no_end() -> Block:
    return block("a()", end=Unreachable())


def handler_does_not_catch() -> Block:
    return block(handler=block("a()"))


def handler_is_empty() -> Block:
    return block(handler=block())


def resume_shared() -> Block:
    first, resume = suspended()
    other = block(end=Suspend("await", None, resume))
    return block(end=Branch(expression("a"), first, other))


BROKEN: dict[Callable[[], Block], str] = {
    statement_suspends: "main, block b0: a statement inside of a block suspends",
    operand_suspends: "main, block b0: the operand of a suspension suspends",
    resumes_nowhere: "main, block b0: a suspension goes on at a block that does not resume",
    changes_handler: "main, block b0: a suspension changes the handler",
    has_no_end: "main, block b0: a block has no end",
    handler_does_not_catch: "main, block b0: a handler does not start by catching",
    handler_is_empty: "main, block b0: a handler does not start by catching",
    resume_shared: "two suspensions resume at one block",
}


@pytest.mark.parametrize("make", BROKEN, ids=lambda make: make.__name__)
def test_broken_machines_are_refused(make: Callable[[], Block]) -> None:
    with pytest.raises(InternalCompilerError) as caught:
        verify_machine(machine(make()))
    assert str(caught.value).startswith(BROKEN[make])


def test_the_machine_is_shown_with_the_broken_rule() -> None:
    with pytest.raises(InternalCompilerError, match="please report this\ncoroutine main"):
        verify_machine(machine(has_no_end()))


def test_sound_machines_pass() -> None:
    verify_machine(machine(suspended()[0]))
    verify_machine(machine(block("raise a", end=Unreachable())))
    verify_machine(machine(block("return a", end=Unreachable())))
    caught = block("_kwf_f.catch(0)", end=Reraise())
    verify_machine(machine(suspended(None, handler=caught)[0]))


def test_printing() -> None:
    caught = block("_kwf_f.catch(0)", end=Reraise())
    first, resume = suspended(None, handler=caught)
    resume.resume = Resume("await a", "x")
    last = block(end=Return(expression("x")))
    switched = block(end=Switch(last))
    ended = block("if x:\n    raise x", end=Unreachable())
    resume.end = Next("it", "item", switched, block(end=Jump(ended)))
    entry = block(end=Branch(expression("a < 1"), first, last))
    assert print_machine(machine(entry)).splitlines() == [
        "coroutine main(a):",
        "  b0:",
        "    if a < 1 b1 else b4",
        "  b1: ! b7",
        "    suspend await -> b2",
        "  b2: resume await a -> x ! b7",
        "    item = next(it) b3 else b5",
        "  b3:",
        "    switch b4",
        "  b4:",
        "    return x",
        "  b5:",
        "    jump b6",
        "  b6:",
        "    if x:",
        "        raise x",
        "    unreachable",
        "  b7:",
        "    _kwf_f.catch(0)",
        "    reraise",
    ]


def test_successors() -> None:
    caught = block("_kwf_f.catch(0)", end=Reraise())
    assert block(end=Reraise()).successors() == []
    assert block(end=Reraise(), handler=caught).successors() == [caught]
    assert block(end=Unreachable()).successors() == []


def test_jumps_in_a_circle_stay() -> None:
    one, two = block(), block()
    one.end, two.end = Jump(two), Jump(one)
    simplified = simplify_blocks(machine(block("a()", end=Jump(one))))
    assert len(simplified.blocks()) <= 3
    assert all(isinstance(b.end, Jump) for b in simplified.blocks())
