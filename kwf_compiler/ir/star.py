"""Build ``except*``: the clauses of PEP 654 as blocks.

Goal: each clause takes its part of the exception group and runs while that part is the handled
exception; what the clauses raise, and what none of them took, is raised together at the end.

Before::

    try: await f()
    except* ValueError as e: await g(e)

After::

    b0: suspend await f() -> b1                        ! b3
    b3: catch; switch b4
    b4: _all1 = handled; _rest1 = _all1; _raised1 = []
        _part1, _rest1 = split_group(_rest1, ValueError); if _part1 is not None b5 else b7
    b5: handle _part1; switch b6
    b6: e = _part1; suspend await g(e) -> …            ! b8 (adds to _raised1)
    b7: _all1 = join_group(_all1, [*_raised1, _rest1]); if it is None: go on, else: reraise it

Source: Python/compile.c ``compiler_try_star_except``; the two helpers are Objects/exceptions.c's
and ceval.c's.

Limits: the type of a clause must not suspend (KWF202).
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from kwf_compiler.ir.nodes import Block, Branch, Reraise, Switch
from kwf_compiler.passes.names import abi, assign, at, call, load, store

if TYPE_CHECKING:
    from kwf_compiler.ir.build import Builder
    from kwf_compiler.ir.contexts import Context


def build_star(builder: Builder, node: ast.TryStar) -> None:
    """Add the blocks of ``try … except* … else``; a ``finally`` is around them already."""
    outer, after = builder.handler, builder.block(node)
    clauses = builder.block(node.handlers[0])
    caught = builder.handler_block(node.handlers[0])
    caught.end = Switch(clauses)
    builder.guarded(node, caught, outer)
    if builder.current is not None:
        builder.statements(node.orelse)
        builder.goto(after)
    contexts = list(builder.contexts)
    with builder.region():
        builder.current = clauses
        _Star(builder, node, outer, contexts).run(after)
    builder.current = after


class _Star:
    def __init__(
        self, builder: Builder, node: ast.TryStar, outer: Block | None, contexts: list[Context]
    ) -> None:
        self.builder = builder
        self.node = node
        self.outer = outer
        self.contexts = contexts
        self.all, self.rest = builder.fresh("all"), builder.fresh("rest")
        self.raised, self.part = builder.fresh("raised"), builder.fresh("part")

    def run(self, after: Block) -> None:
        builder = self.builder
        builder.place = self.node.handlers[0]
        builder.emit(
            assign(self.all, builder.handled()),
            assign(self.rest, load(self.all)),
            assign(self.raised, ast.List([], ast.Load())),
        )
        for handler in self.node.handlers:
            self._clause(handler)
        builder.place = self.node
        everything = ast.List(
            [ast.Starred(load(self.raised), ast.Load()), load(self.rest)], ast.Load()
        )
        joined = call(abi("join_group"), load(self.all), everything)
        builder.emit(assign(self.all, joined))
        none, some = builder.block(self.node), builder.block(self.node)
        builder.end(Branch(self._is_none(self.all), none, some))
        builder.current = none
        builder.unwind(after, self.contexts)
        builder.current = some
        builder.emit(builder.handle(load(self.all)))
        builder.end(Reraise())

    def _is_none(self, name: str) -> ast.expr:
        return at(self.builder.place, ast.Compare(load(name), [ast.Is()], [ast.Constant(None)]))

    def _clause(self, handler: ast.ExceptHandler) -> None:
        builder = self.builder
        builder.place = handler
        assert handler.type is not None
        split = call(abi("split_group"), load(self.rest), handler.type)
        parts = ast.Tuple([store(self.part), store(self.rest)], ast.Store())
        builder.emit(ast.Assign([parts], split))
        body, following = builder.block(handler), builder.block(handler)
        taken = builder.block(handler)
        builder.end(Branch(self._is_none(self.part), following, taken))
        builder.current = taken
        builder.emit(builder.handle(load(self.part)))
        builder.end(Switch(body))
        unbind = _unbinding(handler)
        more = call(ast.Attribute(load(self.raised), "append", ast.Load()), builder.handled())
        raised = builder.handler_block(
            handler, ast.Expr(more), *unbind(), builder.handle(load(self.all))
        )
        raised.end = Switch(following)
        builder.current = body
        if handler.name is not None:
            builder.emit(assign(handler.name, load(self.part)))
        builder.handler = raised
        started = builder.block(handler)
        builder.goto(started)
        builder.current = started
        builder.statements(handler.body)
        builder.handler = self.outer
        if builder.current is not None:
            builder.place = handler
            ended = builder.block(handler)
            builder.goto(ended)
            builder.current = ended
            builder.emit(*unbind(), builder.handle(load(self.all)))
            builder.end(Switch(following))
        builder.current = following


def _unbinding(handler: ast.ExceptHandler) -> Callable[[], list[ast.stmt]]:
    """Makes the statements that end ``except* … as name``."""
    name = handler.name
    if name is None:
        return list
    return lambda: [assign(name, ast.Constant(None)), ast.Delete([ast.Name(name, ast.Del())])]
