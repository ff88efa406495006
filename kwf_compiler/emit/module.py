"""Emit: the module around the machines.

Goal: a module that imports ``kwf_runtime.abi``, binds the durable ``asyncio`` and ``contextlib``,
has each machine where its function was (so that ``__class__``, closures, globals and name mangling
mean what they meant), and ends by telling the code registry its layouts and the names that its text
refers to.

Limits: everything that is no machine keeps its nodes and their positions.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from kwf_compiler.emit.machine import SHORT
from kwf_compiler.layout import Layout
from kwf_compiler.passes.mark import Function, function_kind
from kwf_compiler.passes.names import ABI, Names, at, unplaced

_DURABLE = {"asyncio": "kwf_runtime.aio", "contextlib": "kwf_runtime.ctx"}
EmitMachine = Callable[[Function], tuple[ast.FunctionDef, Layout]]


@dataclass(frozen=True, slots=True)
class EmittedModule:
    """A compiled module.

    Attributes:
        tree: all of it, with the positions of the source.
        layouts: of its machines, by qualified name.
        head: what was added in front of the source's statements.
        foot: what was added behind them.
    """

    tree: ast.Module
    layouts: dict[str, Layout]
    head: list[ast.stmt]
    foot: list[ast.stmt]


def emit_module(tree: ast.Module, names: Names, emit: EmitMachine) -> EmittedModule:
    """Put the machines made by ``emit`` in the place of their functions, inner ones first."""
    refs = collect_refs(tree, names)
    placer = _Place(emit)
    placer.visit(tree)
    _DurableImports().visit(tree)
    if not any(names.uses(short) for short in SHORT.values()):
        _Shorten().visit(tree)
    head = unplaced(f"import kwf_runtime.abi as {ABI}")
    rows = [(ast.Constant(name), layout.to_ast()) for name, layout in placer.layouts.items()]
    table = ast.Dict([key for key, _ in rows], [value for _, value in rows])
    foot = unplaced(f"{ABI}.module(__name__, TABLE, {tuple(refs)!r})")
    match foot:
        case [ast.Expr(value=ast.Call(args=arguments))]:
            arguments[1] = table
    start = after_future(tree)
    for statement in (*head, *foot):
        at(ast.Pass(), statement)
    tree.body[start:start] = head
    tree.body += foot
    return EmittedModule(ast.fix_missing_locations(tree), placer.layouts, head, foot)


def after_future(tree: ast.Module) -> int:
    """The index behind docstring, ``from __future__`` imports, and what is on their lines."""
    line = 0
    for index, node in enumerate(tree.body):
        docstring = index == 0 and ast.get_docstring(tree, clean=False) is not None
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not docstring and not future and node.lineno != line:
            return index
        line = node.end_lineno or 0
    return len(tree.body)


class _Place(ast.NodeTransformer):
    """Replaces functions by machines and names their layouts by qualified name."""

    def __init__(self, emit: EmitMachine) -> None:
        self.emit = emit
        self.path: list[str] = []
        self.seen: Counter[str] = Counter()
        self.layouts: dict[str, Layout] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self.function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self.function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.path.append(node.name)
        self.generic_visit(node)
        self.path.pop()
        return node

    def function(self, node: Function) -> ast.AST:
        qualname = ".".join((*self.path, node.name))
        number = self.seen[qualname]
        self.seen[qualname] += 1
        name = f"{qualname}#{number}" if number else qualname
        is_machine = function_kind(node) is not None
        if is_machine:
            self.layouts[name] = Layout("", (), ())  # keeps the order of the source
        self.path += [node.name, "<locals>"]
        self.generic_visit(node)
        del self.path[-2:]
        if not is_machine:
            return node
        function, self.layouts[name] = self.emit(node)
        return function


def is_durable_import(node: ast.Import | ast.ImportFrom) -> bool:
    """Whether an import binds a module that workflows need the durable one of."""
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and (node.module or "").partition(".")[0] in _DURABLE
    return any(alias.name.partition(".")[0] in _DURABLE for alias in node.names)


class _DurableImports(ast.NodeTransformer):
    """``import asyncio`` binds the durable one, under the same name."""

    def visit_Import(self, node: ast.Import) -> ast.AST:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            if top in _DURABLE:
                node._kwf_changed = True  # type: ignore[attr-defined]
                alias.asname = alias.asname or top
                alias.name = _DURABLE[top]
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        top = (node.module or "").partition(".")[0]
        if node.level == 0 and top in _DURABLE:
            node._kwf_changed = True  # type: ignore[attr-defined]
            node.module = _DURABLE[top]
        return node


class _Shorten(ast.NodeTransformer):
    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = SHORT.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = SHORT.get(node.arg, node.arg)
        self.generic_visit(node)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.name = SHORT.get(node.name or "", node.name)
        self.generic_visit(node)
        return node


def collect_refs(tree: ast.Module, names: Names) -> list[str]:
    """What the text names by import, by attribute of an imported module, or of the builtins.

    Returns:
        Absolute names ``module:path``; relative imports keep their leading dots.
    """
    modules: dict[str, str] = {}
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                bound, target = (alias.asname, alias.name) if alias.asname else (top, top)
                target = _DURABLE.get(top, target)
                modules[bound] = target
                found[f"{target}:"] = None
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            base = "." * node.level + (node.module or "")
            if node.level == 0:
                base = _DURABLE.get(base.partition(".")[0], base)
            for alias in node.names:
                if alias.name != "*":
                    found[f"{base}:{alias.name}"] = None
                    modules[alias.asname or alias.name] = f"{base}:{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            path = _dotted(node)
            if path is not None and path[0] in modules:
                root = modules[path[0]]
                joint = "." if ":" in root else ":"
                found[f"{root}{joint}{'.'.join(path[1:])}"] = None
        elif isinstance(node, ast.Name) and is_builtin(node.id) and not names.binds(node.id):
            found[f"builtins:{node.id}"] = None
    return sorted(found)


def is_builtin(name: str) -> bool:
    """Whether the builtins have ``name``; the compiler runs in the version it compiles for."""
    import builtins

    return hasattr(builtins, name) and not name.startswith("__")


def _dotted(node: ast.Attribute) -> list[str] | None:
    path: list[str] = []
    current: ast.expr = node
    while isinstance(current, ast.Attribute):
        path.append(current.attr)
        current = current.value
    if not isinstance(current, ast.Name):
        return None
    return [current.id, *reversed(path)]
