"""Cells: a captured variable of the function itself that may be unbound is read through a check.

Goal: CPython says ``UnboundLocalError`` where a function reads its own unbound variable, captured
or not. In a step, a captured variable is a free one, for which it would say ``NameError``.

Before: ``print(x)``, where an inner function captures ``x`` and it may be unbound. After:
``print(_kwf.own(lambda: x, 'x'))``.

Limits: only where analysis cannot show that the variable is bound; comprehensions keep CPython's
own error.
"""

from __future__ import annotations

import ast
from dataclasses import replace

from kwf_compiler.analysis.liveness import find_bound
from kwf_compiler.analysis.variables import binds, end_binds, reads, unbinds
from kwf_compiler.ir.nodes import Block, Branch, Machine, Return, Suspend
from kwf_compiler.passes.mark import COMPREHENSIONS, is_function, is_scope
from kwf_compiler.passes.names import abi, at, call, load, visit_head
from kwf_compiler.passes.scopes import mangle


def check_cells(machine: Machine) -> Machine:
    """Put the checks in, in place."""
    if not machine.cells:
        return machine
    args = {a.arg for a in ast.walk(machine.function.args) if isinstance(a, ast.arg)}
    cells = frozenset(machine.cells)
    params = tuple(args & (cells | set(machine.params)))
    bound = find_bound(replace(machine, locals=cells, params=params))
    lost_inside = {name for s in machine.function.body for name in _deleted_inside(s)} & cells
    for block in machine.blocks():
        _check_block(block, machine, set(bound[block]) - lost_inside, lost_inside)
    return machine


def _deleted_inside(node: ast.AST) -> set[str]:
    """Names that inner functions delete."""
    found: set[str] = set()
    for child in ast.walk(node):
        if is_function(child):
            found |= set().union(*map(unbinds, child.body))
    return found


def _check_block(block: Block, machine: Machine, bound: set[str], lost: set[str]) -> None:
    cells = frozenset(machine.cells)
    if block.resume is not None and block.resume.target is not None:
        bound.add(block.resume.target)
    body: list[ast.stmt] = []
    for statement in block.body:
        inside = unbinds(statement) if hasattr(statement, "body") else set()
        unsure = cells - (bound - inside)
        touched = unsure & (reads(statement) | unbinds(statement))
        if touched:
            changed = _Check(touched, machine.prefix).visit(statement)
            body += changed if isinstance(changed, list) else [changed]
        else:
            body.append(statement)
        bound = (bound - unbinds(statement)) | (binds(statement) - unbinds(statement))
        bound -= lost
    block.body = body
    checker = _Check(cells - bound - end_binds(block.end), machine.prefix)
    match block.end:
        case Branch(test):
            block.end = replace(block.end, test=checker.visit(test))
        case Return(ast.expr() as value) | Suspend(_, ast.expr() as value):
            field = "value" if isinstance(block.end, Return) else "operand"
            block.end = replace(block.end, **{field: checker.visit(value)})


class _Check(ast.NodeTransformer):
    def __init__(self, names: set[str] | frozenset[str], prefix: str) -> None:
        self.names = names
        self.prefix = prefix

    def check(self, name: str) -> ast.expr:
        none = ast.arguments([], [], None, [], [], None, [])
        text = ast.Constant(mangle(name, self.prefix))
        return call(abi("own"), ast.Lambda(none, load(name)), text)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self.names:
            return at(node, self.check(node.id))
        return node

    def visit_Delete(self, node: ast.Delete) -> ast.AST | list[ast.AST]:
        names = [t.id for t in node.targets if isinstance(t, ast.Name) and t.id in self.names]
        return [*(at(node, ast.Expr(self.check(name))) for name in names), self.generic_visit(node)]

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST | list[ast.AST]:
        changed = self.generic_visit(node)
        if isinstance(node.target, ast.Name) and node.target.id in self.names:
            return [at(node, ast.Expr(self.check(node.target.id))), changed]
        return changed

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, COMPREHENSIONS):
            first = node.generators[0]
            first.iter = self.visit(first.iter)
            return node
        if is_scope(node):
            return visit_head(self, node)
        return super().generic_visit(node)
