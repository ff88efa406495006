"""What a native statement does to the variables of its function.

Limits: per statement, and safe rather than exact: ``reads`` may name too much, ``binds`` too little.
"""

from __future__ import annotations

import ast

from kwf_compiler.ir.nodes import Branch, Next, Return, Suspend, Terminator
from kwf_compiler.passes.mark import is_function, own_children


def reads(node: ast.AST) -> set[str]:
    """Every variable that ``node`` may read; those that inner functions capture are no concern here."""
    found: set[str] = set()
    stack: list[ast.AST] = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, ast.Name) and not isinstance(item.ctx, ast.Store):
            found.add(item.id)
        elif isinstance(item, ast.AugAssign) and isinstance(item.target, ast.Name):
            found.add(item.target.id)
        inner_scope = is_function(item) or isinstance(item, ast.Lambda)
        stack.extend(own_children(item) if inner_scope else ast.iter_child_nodes(item))
    return found


def end_reads(end: Terminator) -> set[str]:
    """The variables that a terminator reads."""
    match end:
        case Branch(test):
            return reads(test)
        case Next(iterator):
            return {iterator}
        case Suspend(_, operand) | Return(operand):
            return reads(operand) if operand is not None else set()
    return set()


def end_binds(end: Terminator) -> set[str]:
    """The variables that a terminator binds."""
    return {end.item} if isinstance(end, Next) else set()


def _targets(target: ast.expr) -> set[str]:
    match target:
        case ast.Name(id=name):
            return {name}
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return set().union(*map(_targets, elements)) if elements else set()
        case ast.Starred(value=value):
            return _targets(value)
    return set()


def binds(node: ast.stmt) -> set[str]:
    """The variables that are bound whenever ``node`` completes normally."""
    match node:
        case ast.Assign(targets=targets):
            return set().union(*map(_targets, targets))
        case ast.AugAssign(target=target):
            return _targets(target)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {a.asname or a.name.partition(".")[0] for a in names}
        case ast.If(body=body, orelse=orelse):
            return _block_binds(body) & _block_binds(orelse)
    return set()


def _block_binds(body: list[ast.stmt]) -> set[str]:
    bound: set[str] = set()
    for statement in body:
        bound = (bound | binds(statement)) - unbinds(statement)
    return bound


def unbinds(node: ast.AST) -> set[str]:
    """The variables that may be unbound after ``node`` though they were bound before."""
    found: set[str] = set()
    for child in ast.walk(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Del):
            found.add(child.id)
        elif isinstance(child, ast.ExceptHandler) and child.name is not None:
            found.add(child.name)
    return found
