"""Mark: which nodes may suspend, and which functions become machines.

Goal: everything that is not marked stays the user's text. A node is marked when its own scope has
an ``await``, ``yield``, ``async for`` or ``async with`` in it; nested functions and lambdas are
scopes of their own.

Before: ``x = 1; y = await f()``. After: the same tree; ``suspends`` is false of the first statement
only.

Limits: facts, not changes. They are computed on demand and belong to the tree they were asked of.
"""

from __future__ import annotations

import ast
from typing import Literal, TypeGuard

Function = ast.FunctionDef | ast.AsyncFunctionDef
Kind = Literal["coroutine", "generator", "asyncgen"]

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SUSPENDING = (ast.Await, ast.Yield, ast.YieldFrom, ast.AsyncFor, ast.AsyncWith)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def is_function(node: ast.AST) -> TypeGuard[Function]:
    """Whether ``node`` is a ``def`` or ``async def``."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def is_scope(node: ast.AST) -> bool:
    """Whether ``node`` has a scope of its own, comprehensions aside."""
    return isinstance(node, _SCOPES)


def own_children(node: ast.AST) -> list[ast.AST]:
    """The children of ``node`` that are evaluated in the scope that ``node`` is in."""
    if is_function(node):
        args = node.args
        outer: list[ast.AST] = [*node.decorator_list, *args.defaults]
        outer += [d for d in args.kw_defaults if d is not None]
        outer += [a.annotation for a in _all_args(args) if a.annotation is not None]
        return outer + ([node.returns] if node.returns is not None else [])
    if isinstance(node, ast.ClassDef):
        return [*node.decorator_list, *node.bases, *node.keywords]
    if isinstance(node, ast.Lambda):
        return [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
    if isinstance(node, ast.GeneratorExp):
        return [node.generators[0].iter]
    return list(ast.iter_child_nodes(node))


def _all_args(args: ast.arguments) -> list[ast.arg]:
    starred = [a for a in (args.vararg, args.kwarg) if a is not None]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *starred]


def suspends(node: ast.AST) -> bool:
    """Whether evaluating ``node`` may suspend the function that it is in."""
    known = getattr(node, "_kwf_suspends", None)
    if known is None:
        known = isinstance(node, _SUSPENDING) or is_async_comprehension(node)
        known = known or any(map(suspends, own_children(node)))
        node._kwf_suspends = known  # type: ignore[attr-defined]
    return bool(known)


def any_suspends(nodes: list[ast.stmt] | list[ast.expr]) -> bool:
    """Whether one of ``nodes`` may suspend."""
    return any(map(suspends, nodes))


def is_async_comprehension(node: ast.AST) -> bool:
    """Whether ``node`` is a list, set or dict comprehension with ``async for`` or awaits inside."""
    if not isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp):
        return False
    return comprehension_is_async(node)


def comprehension_is_async(node: ast.AST) -> bool:
    """Whether the scope of a comprehension or generator expression awaits."""
    generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
    if any(generator.is_async for generator in generators):
        return True
    inner: list[ast.AST] = [c for c in ast.iter_child_nodes(node) if c not in generators]
    for generator in generators:
        inner += [*generator.ifs, *([] if generator is generators[0] else [generator.iter])]
    return any(suspends(part) for part in inner)


def own_nodes(function: Function) -> list[ast.AST]:
    """Every node of the body of ``function`` in its own scope, in source order."""
    found: list[ast.AST] = []
    stack: list[ast.AST] = list(reversed(function.body))
    while stack:
        node = stack.pop()
        found.append(node)
        stack.extend(reversed(own_children(node)))
    return found


def function_kind(function: Function) -> Kind | None:
    """What a call of ``function`` gives, if that is a machine; None for a plain function."""
    if hasattr(function, "_kwf_kind"):
        found: Kind | None = function._kwf_kind
        return found
    yields = any(isinstance(n, ast.Yield | ast.YieldFrom) for n in own_nodes(function))
    kind: Kind | None = None
    if isinstance(function, ast.AsyncFunctionDef):
        kind = "asyncgen" if yields else "coroutine"
    elif yields:
        kind = "generator"
    function._kwf_kind = kind  # type: ignore[union-attr]
    return kind


def mark_module(tree: ast.Module) -> ast.Module:
    """Compute the facts above for the whole module, and keep each await's text for its label."""
    for node in ast.walk(tree):
        if is_function(node):
            function_kind(node)
        elif isinstance(node, ast.Await | ast.Yield | ast.YieldFrom) and not hasattr(
            node, "_kwf_label"
        ):
            node._kwf_label = label_text(node)  # type: ignore[union-attr]
    return tree


def label_text(node: ast.AST) -> str:
    """The text of a suspension, in one line, as it stands in labels."""
    text = ast.unparse(node)
    return text if len(text) <= 80 else text[:77] + "..."


def unmark(tree: ast.AST) -> None:
    """Forget what ``suspends`` found out: a pass has changed the tree."""
    for node in ast.walk(tree):
        if hasattr(node, "_kwf_suspends"):
            del node._kwf_suspends


def jumps_out(node: ast.AST) -> bool:
    """Whether ``node`` has a ``break`` or ``continue`` of a loop around it."""
    if isinstance(node, ast.Break | ast.Continue):
        return True
    if isinstance(node, _SCOPES):
        return False
    if isinstance(node, ast.For | ast.AsyncFor | ast.While):
        return any(map(jumps_out, node.orelse))
    return any(map(jumps_out, ast.iter_child_nodes(node)))


def returns(node: ast.AST) -> bool:
    """Whether ``node`` has a ``return`` of the function that it is in."""
    if isinstance(node, ast.Return):
        return True
    if isinstance(node, _SCOPES):
        return False
    return any(map(returns, ast.iter_child_nodes(node)))


def must_split(statement: ast.stmt, in_loop: bool, in_finally: bool) -> bool:
    """Whether a statement must become blocks.

    Args:
        statement: the statement.
        in_loop: the innermost loop around it is split.
        in_finally: a ``finally`` around it is split, so a ``return`` has to go through that.
    """
    return (
        suspends(statement)
        or (in_loop and jumps_out(statement))
        or (in_finally and returns(statement))
    )
