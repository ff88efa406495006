"""Reject: the one list of what is not compiled yet, and of what cannot be.

Goal: what is refused is refused with its place and advice, all findings of a module at once;
nothing is ever compiled wrongly. Each code is explained in docs/diagnostics.md.

Before: ``f = lambda: (yield)``. After: ``w.py:3:5: KWF207 yield in a lambda; write a def``.

Limits: looks at the source as written, before any pass has changed it.
"""

from __future__ import annotations

import ast

from kwf_compiler.diagnostics import Findings
from kwf_compiler.passes.mark import (
    Function,
    function_kind,
    is_function,
    own_nodes,
    suspends,
)

RESERVED = "_kwf"


def reject_module(tree: ast.Module, findings: Findings) -> None:
    """Add a finding for everything in the module that cannot be compiled."""
    for node in ast.walk(tree):
        _names(node, findings)
        if isinstance(node, ast.Lambda) and suspends(node.body):
            findings.add("KWF207", node, "yield in a lambda", "write a def")
        if is_function(node) and function_kind(node) is not None:
            _machine(node, findings)


def _names(node: ast.AST, findings: Findings) -> None:
    if isinstance(node, ast.Constant):
        return
    for _, value in ast.iter_fields(node):
        for name in value if isinstance(value, list) else [value]:
            if isinstance(name, str) and f".{RESERVED}" in f".{name}":
                findings.add(
                    "KWF102", node, f"the name {name} is the compiler's own", "choose another one"
                )


def _machine(function: Function, findings: Findings) -> None:
    for node in own_nodes(function):
        _statement(function, node, findings)


def _statement(function: Function, node: ast.AST, findings: Findings) -> None:
    match node:
        case ast.TryStar(handlers=handlers):
            for handler in handlers:
                if handler.type is not None and suspends(handler.type):
                    findings.add(
                        "KWF202",
                        handler.type,
                        "await in the type of an except* clause",
                        "await it into a variable before the try statement",
                    )
        case ast.Call(func=ast.Name(id="super"), args=[], keywords=[]):
            if not (function.args.posonlyargs or function.args.args):
                findings.add(
                    "KWF208", node, "super() in a function without a first parameter",
                    "write super(Class, self)",
                )  # fmt: skip
