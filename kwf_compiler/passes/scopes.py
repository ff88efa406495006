"""Scopes: which variables of a machine are its frame's, which are cells, which are others'.

The answer is CPython's own: the stdlib ``symtable`` of the text that the passes have produced so
far.

Limits: a variable counts as captured when an inner function, lambda or generator expression uses
it. List, set and dict comprehensions do not outlive their statement, so they do not capture.
"""

from __future__ import annotations

import ast
import symtable
from dataclasses import dataclass

from kwf_compiler.passes.mark import Function, is_function, own_nodes

_TRANSIENT = ("listcomp", "setcomp", "dictcomp")


@dataclass(frozen=True, slots=True)
class Scope:
    """The variables of one function.

    Attributes:
        locals: its own, not captured.
        cells: its own, captured by inner functions.
        globals: declared global.
        nonlocals: declared nonlocal.
        prefix: what CPython puts before the private names in it, "" outside of classes.
    """

    locals: frozenset[str]
    cells: frozenset[str]
    globals: tuple[str, ...]
    nonlocals: tuple[str, ...]
    prefix: str


def find_scopes(tree: ast.Module, filename: str) -> dict[int, Scope]:
    """The scope of every function of the module, by the ``id`` of its node."""
    text = ast.unparse(tree)
    tables: dict[tuple[str, int], symtable.Function] = {}
    _collect(symtable.symtable(text, filename, "exec"), tables)
    found: dict[int, Scope] = {}
    _pair(tree, ast.parse(text), None, tables, found)
    return found


def _collect(table: symtable.SymbolTable, tables: dict[tuple[str, int], symtable.Function]) -> None:
    for child in table.get_children():
        if isinstance(child, symtable.Function):
            tables[child.get_name(), child.get_lineno()] = child
        _collect(child, tables)


def _pair(
    node: ast.AST,
    twin: ast.AST,
    class_name: str | None,
    tables: dict[tuple[str, int], symtable.Function],
    found: dict[int, Scope],
) -> None:
    """Walk the tree beside its reparsed twin, which has the line numbers of the tables."""
    if is_function(node) and is_function(twin):
        found[id(node)] = _scope(node, tables[node.name, twin.lineno], class_name)
    elif isinstance(node, ast.ClassDef):
        class_name = node.name
    children = zip(ast.iter_child_nodes(node), ast.iter_child_nodes(twin), strict=True)
    for child, other in children:
        _pair(child, other, class_name, tables, found)


def _scope(node: Function, table: symtable.Function, class_name: str | None) -> Scope:
    local = {s.get_name() for s in table.get_symbols() if s.is_local() and not s.is_global()}
    captured = {name for name in local if _captured(name, table)}
    declared: dict[type[ast.stmt], set[str]] = {ast.Global: set(), ast.Nonlocal: set()}
    for statement in own_nodes(node):
        if isinstance(statement, ast.Global | ast.Nonlocal):
            declared[type(statement)].update(statement.names)
    stripped = class_name.lstrip("_") if class_name else ""
    prefix = f"_{stripped}" if stripped else ""
    return Scope(
        frozenset(_unmangle(name, prefix) for name in local - captured),
        frozenset(_unmangle(name, prefix) for name in captured),
        tuple(sorted(declared[ast.Global])),
        tuple(sorted(declared[ast.Nonlocal])),
        prefix,
    )


def _captured(name: str, table: symtable.SymbolTable) -> bool:
    for child in table.get_children():
        try:
            symbol = child.lookup(name)
        except KeyError:
            continue
        if not symbol.is_free():
            continue
        transient = child.get_type() != "function" or child.get_name().strip("<>") in _TRANSIENT
        if not transient or _captured(name, child):
            return True
    return False


def mangle(name: str, prefix: str) -> str:
    """The name that CPython gives to a private variable of a class's functions."""
    private = prefix and name.startswith("__") and not name.endswith("__")
    return f"{prefix}{name}" if private else name


def _unmangle(name: str, prefix: str) -> str:
    """The name as it stands in the text."""
    plain = name.removeprefix(prefix)
    return plain if mangle(plain, prefix) == name else name
