"""What a native statement does to the variables of its function.

Limits: per statement, and safe rather than exact: ``reads`` may name too much, ``binds`` too
little.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from kwf_compiler.ir.nodes import Branch, Next, Return, Suspend, Terminator
from kwf_compiler.passes.mark import is_function, own_children


def reads(node: ast.AST) -> set[str]:
    """Every variable whose value from before ``node`` it may read.

    Those that inner functions capture are no concern here: they are cells.
    """
    match node:
        case ast.Name(id=name, ctx=ctx):
            return set() if isinstance(ctx, ast.Store) else {name}
        case ast.AugAssign(target=ast.Name(id=name), value=value):
            return {name} | reads(value)
        case ast.If(test=test, body=body, orelse=orelse):
            return reads(test) | block_reads(body) | block_reads(orelse)
        case ast.While(test=test, body=body, orelse=orelse):
            return reads(test) | block_reads(body) | block_reads(orelse)
        case ast.For(target=target, iter=iterable, body=body, orelse=orelse):
            inside = (block_reads(body) | reads(target)) - _targets(target)
            return reads(iterable) | inside | block_reads(orelse)
        case ast.Try() | ast.TryStar():
            found = block_reads(node.body) | block_reads(node.orelse) | block_reads(node.finalbody)
            return found.union(*map(reads, node.handlers))
        case ast.ExceptHandler(type=kind, name=name, body=body):
            return _all_reads([kind] if kind is not None else []) | (block_reads(body) - {name})
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            own = set().union(*(_targets(g.target) for g in node.generators))
            return (_all_reads(ast.iter_child_nodes(node)) - own) | reads(node.generators[0].iter)
    scope = is_function(node) or isinstance(node, ast.Lambda)
    return _all_reads(own_children(node) if scope else ast.iter_child_nodes(node))


def _all_reads(nodes: Iterable[ast.AST]) -> set[str]:
    return set().union(*map(reads, nodes))


def block_reads(body: list[ast.stmt]) -> set[str]:
    """What a sequence of statements may read of what was there before it."""
    found: set[str] = set()
    for statement in reversed(body):
        found = (found - binds(statement)) | reads(statement)
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
