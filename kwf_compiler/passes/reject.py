"""Reject: the one list of what is not compiled yet, and of what cannot be.

Goal: what is refused is refused with its place and advice, all findings of a module at once; nothing is ever
compiled wrongly. Each code is explained in docs/diagnostics.md.

Before: ``match x: case _ if await f(): …``. After: ``w.py:3:15: KWF205 await in the guard of a case; …``.

Limits: looks at the source as written, before any pass has changed it.
"""

from __future__ import annotations

import ast

from kwf_compiler.diagnostics import Findings
from kwf_compiler.passes.mark import (
    Function,
    comprehension_is_async,
    function_kind,
    is_function,
    own_children,
    own_nodes,
    suspends,
)

RESERVED = "_kwf"
_MOVE = "await into a variable on a line of its own before this statement"


def reject_module(tree: ast.Module, findings: Findings) -> None:
    """Add a finding for everything in the module that cannot be compiled."""
    for node in ast.walk(tree):
        _names(node, findings)
        if isinstance(node, ast.Lambda) and suspends(node.body):
            findings.add("KWF207", node, "yield in a lambda", "write a def")
        if is_function(node) and function_kind(node) is not None:
            _machine(node, findings)


def _names(node: ast.AST, findings: Findings) -> None:
    for name in ("id", "name", "arg", "asname", "attr"):
        value = getattr(node, name, None)
        if isinstance(value, str) and value.startswith(RESERVED):
            findings.add(
                "KWF102", node, f"the name {value} is the compiler's own", "choose another one"
            )


def _machine(function: Function, findings: Findings) -> None:
    if function_kind(function) == "asyncgen":
        findings.add(
            "KWF201",
            function,
            f"{function.name} is an asynchronous generator",
            "write a class with __aiter__ and __anext__",
        )
    for node in own_nodes(function):
        if isinstance(node, ast.GeneratorExp) and comprehension_is_async(node):
            findings.add(
                "KWF201",
                node,
                "an asynchronous generator expression",
                "write a list comprehension, or a loop",
            )
        _statement(function, node, findings)


def _statement(function: Function, node: ast.AST, findings: Findings) -> None:
    match node:
        case ast.TryStar() if suspends(node):
            findings.add(
                "KWF202",
                node,
                "except* around or with an await",
                "catch the ExceptionGroup with except and use its split()",
            )
        case ast.FunctionDef() | ast.AsyncFunctionDef() if any(map(suspends, own_children(node))):
            findings.add(
                "KWF203", node, f"await in the decorators, defaults or annotations of {node.name}",
                _MOVE,
            )  # fmt: skip
        case ast.ClassDef() if any(map(suspends, own_children(node))):
            findings.add("KWF204", node, f"await in the header of class {node.name}", _MOVE)
        case ast.Match(cases=cases):
            for case in cases:
                if case.guard is not None and suspends(case.guard):
                    findings.add("KWF205", case.guard, "await in the guard of a case", _MOVE)
        case ast.ExceptHandler(type=ast.expr() as kind) if suspends(kind):
            findings.add("KWF206", kind, "await in the expression of an except clause", _MOVE)
        case ast.Call(func=ast.Name(id="super"), args=[], keywords=[]):
            if not (function.args.posonlyargs or function.args.args):
                findings.add(
                    "KWF208", node, "super() in a function without a first parameter",
                    "write super(Class, self)",
                )  # fmt: skip
