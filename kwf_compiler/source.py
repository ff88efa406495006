"""Prints a compiled module: what was not changed keeps its text, comments and all.

libcst holds the source as it was written. The functions that became machines, and the imports that
bind durable modules, are replaced in its tree; everything else is printed back byte by byte.

Limits: comments inside a function that became a machine go with its old text.
"""

from __future__ import annotations

import ast

import libcst as cst

from kwf_compiler.emit.machine import STEP
from kwf_compiler.emit.module import EmittedModule, is_durable_import
from kwf_compiler.hook import COMPILED_MARK


def splice(source: str, filename: str, emitted: EmittedModule) -> str:
    """The text of a compiled module.

    Args:
        source: what was compiled.
        filename: its name, for the first line.
        emitted: the compiled tree: the source's statements and the added ones.
    """
    module = cst.parse_module(source)
    original = ast.parse(source)
    tree = emitted.tree.body
    start = next(i for i, s in enumerate(tree) if s is emitted.head[0])
    kept = [*tree[:start], *tree[start + len(emitted.head) : -len(emitted.foot)]]
    changed = module.visit(_Splice(_pairs(original.body, kept)))
    parts = (emitted.head, emitted.foot)
    head, foot = ([cst.parse_statement(ast.unparse(s)) for s in part] for part in parts)
    start = _after_future(changed)
    body = [*changed.body[:start], *head, *changed.body[start:], *foot]
    mark = cst.EmptyLine(comment=cst.Comment(f"{COMPILED_MARK} from {filename}; do not edit"))
    return changed.with_changes(body=body, header=[mark, *changed.header]).code


def _pairs(before: list[ast.stmt], after: list[ast.stmt]) -> list[str | None]:
    """For each function and import of the source, outermost first: its new text, if it changes."""
    found: list[str | None] = []
    for old, new in zip(before, after, strict=True):
        _pair(old, new, found)
    return found


def _pair(old: ast.AST, new: ast.AST, found: list[str | None]) -> None:
    if isinstance(old, ast.FunctionDef | ast.AsyncFunctionDef):
        found.append(ast.unparse(new) if _is_changed(new) else None)
    elif isinstance(old, ast.Import | ast.ImportFrom):
        found.append(ast.unparse(new) if is_durable_import(old) else None)
    else:
        children = zip(ast.iter_child_nodes(old), ast.iter_child_nodes(new), strict=True)
        for one, other in children:
            _pair(one, other, found)


def _is_changed(function: ast.AST) -> bool:
    """Whether a function became a machine, or has one or a durable import inside."""
    return any(
        hasattr(node, "_kwf_changed") or (isinstance(node, ast.FunctionDef) and node.name == STEP)
        for node in ast.walk(function)
    )


class _Splice(cst.CSTTransformer):
    """Replaces functions and imports, in the order in which ``_pairs`` lists them."""

    def __init__(self, texts: list[str | None]) -> None:
        self.texts = iter(texts)
        self.now: dict[cst.CSTNode, str | None] = {}

    def _enter(self, node: cst.CSTNode) -> bool:
        self.now[node] = next(self.texts)
        return False

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return self._enter(node)

    def visit_Import(self, node: cst.Import) -> bool:
        return self._enter(node)

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return self._enter(node)

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.BaseStatement:
        text = self.now.pop(original_node)
        if text is None:
            return updated_node
        function = cst.ensure_type(cst.parse_statement(text), cst.FunctionDef)
        return function.with_changes(leading_lines=updated_node.leading_lines)

    def leave_Import(
        self, original_node: cst.Import, updated_node: cst.Import
    ) -> cst.BaseSmallStatement:
        return self._import(original_node, updated_node)

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.BaseSmallStatement:
        return self._import(original_node, updated_node)

    def _import(
        self, original: cst.CSTNode, updated: cst.Import | cst.ImportFrom
    ) -> cst.BaseSmallStatement:
        text = self.now.pop(original)
        if text is None:
            return updated
        line = cst.ensure_type(cst.parse_statement(text), cst.SimpleStatementLine)
        return line.body[0].with_changes(semicolon=updated.semicolon)


def _after_future(module: cst.Module) -> int:
    """The index behind the docstring and the ``from __future__`` imports."""
    for index, statement in enumerate(module.body):
        small = statement.body if isinstance(statement, cst.SimpleStatementLine) else ()
        docstring = index == 0 and module.get_docstring() is not None
        if not docstring and not any(_is_future(one) for one in small):
            return index
    return len(module.body)


def _is_future(node: cst.CSTNode) -> bool:
    return (
        isinstance(node, cst.ImportFrom)
        and isinstance(node.module, cst.Name)
        and node.module.value == "__future__"
    )
