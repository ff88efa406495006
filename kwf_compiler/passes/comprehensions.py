"""Comprehensions that await, and generator expressions, as nested functions. Python to Python.

Before::

    total = [await f(x) for x in xs if x]

After::

    async def _kwf_listcomp1(_source1):
        _out1 = []
        for x in _source1:
            if x:
                _item1 = await f(x)
                _out1.append(_item1)
        return _out1
    total = await _kwf_listcomp1(_kwf.iter(xs))

This is how CPython 3.11 itself compiles them, so that scopes, closures over the loop variable and
the moment at which each part is evaluated stay what they are. A walrus inside binds the enclosing
function's variable.

Limits: a generator expression that is the only argument of a builtin which consumes it at once
(``sum(x for x in xs)``) stays native: nothing can be suspended while it lives.
"""

from __future__ import annotations

import ast
from typing import cast

from kwf_compiler.passes.mark import (
    COMPREHENSIONS,
    Function,
    comprehension_is_async,
    is_scope,
    own_nodes,
)
from kwf_compiler.passes.names import Names, abi, assign, at, call, define, load, visit_head

_CONSUMERS = {"all", "any", "bytes", "bytearray", "dict", "frozenset", "list", "max", "min"}
_CONSUMERS |= {"set", "sorted", "sum", "tuple"}
_STEMS = {
    ast.ListComp: "kwf_listcomp",
    ast.SetComp: "kwf_setcomp",
    ast.DictComp: "kwf_dictcomp",
    ast.GeneratorExp: "kwf_genexpr",
}
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Comprehensions:
    """Hoists the comprehensions of one machine.

    Attributes:
        declarations: names that only a walrus in a comprehension binds.
    """

    def __init__(self, function: Function, names: Names) -> None:
        self.names = names
        self.globals = {
            name
            for node in own_nodes(function)
            if isinstance(node, ast.Global)
            for name in node.names
        }
        self.declarations: list[str] = []

    def hoist(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """The statements, each behind the functions that its comprehensions became."""
        out: list[ast.stmt] = []
        for statement in statements:
            visitor = _Hoist(self)
            changed = cast(ast.stmt, visitor.visit(statement))
            out += [*visitor.functions, changed]
        return out

    def function(self, node: _Comprehension) -> tuple[ast.stmt, ast.expr]:
        """The function that ``node`` becomes, and the call that takes its place."""
        generator = isinstance(node, ast.GeneratorExp)
        is_async = comprehension_is_async(node)
        name, out = self.names.fresh(_STEMS[type(node)]), self.names.fresh("out")
        source = self.names.fresh("source")
        body = self._innermost(node, out)
        for index, part in reversed(list(enumerate(node.generators))):
            for test in reversed(part.ifs):
                body = [at(test, ast.If(test, body, []))]
            iterable = load(source) if index == 0 else part.iter
            loop = ast.AsyncFor if part.is_async else ast.For
            body = [at(part.iter, loop(part.target, iterable, body, []))]
        if not generator:
            start = {ast.ListComp: ast.List([], ast.Load()), ast.SetComp: call(abi("set"))}
            empty = start.get(type(node), ast.Dict([], []))
            body = [assign(out, empty), *body, ast.Return(load(out))]
        body = [*self._outer_names(node), *body]
        args = ast.arguments([], [ast.arg(source)], None, [], [], None, [])
        made: ast.stmt = (
            define(ast.AsyncFunctionDef, name, args, body)
            if is_async
            else define(ast.FunctionDef, name, args, body)
        )
        first = node.generators[0]
        iterated = call(abi("aiter" if first.is_async else "iter"), folded(first.iter))
        result: ast.expr = call(load(name), iterated)
        if is_async and not generator:
            result = ast.Await(result)
            result._kwf_label = ast.unparse(node)[:80]  # type: ignore[attr-defined]
        return at(node, made), at(node, result)

    def _innermost(self, node: _Comprehension, out: str) -> list[ast.stmt]:
        if isinstance(node, ast.GeneratorExp):
            value = ast.Yield(node.elt)
            value._kwf_label = f"yield {ast.unparse(node.elt)}"[:80]  # type: ignore[attr-defined]
            return [at(node.elt, ast.Expr(value))]
        item = self.names.fresh("item")
        if isinstance(node, ast.DictComp):
            key = self.names.fresh("key")
            target = ast.Subscript(load(out), load(key), ast.Store())
            return [
                at(node.key, assign(key, node.key)),
                at(node.value, assign(item, node.value)),
                at(node.value, ast.Assign([target], load(item))),
            ]
        method = "append" if isinstance(node, ast.ListComp) else "add"
        add = call(ast.Attribute(load(out), method, ast.Load()), load(item))
        return [at(node.elt, assign(item, node.elt)), at(node.elt, ast.Expr(add))]

    def _outer_names(self, node: _Comprehension) -> list[ast.stmt]:
        bound = sorted(
            {n.target.id for n in _comprehension_scope(node) if isinstance(n, ast.NamedExpr)}
        )
        inner = [name for name in bound if name not in self.globals]
        self.declarations += [name for name in inner if name not in self.declarations]
        out: list[ast.stmt] = []
        if len(inner) < len(bound):
            out.append(ast.Global([name for name in bound if name in self.globals]))
        return [*out, ast.Nonlocal(inner)] if inner else out


def folded(iterable: ast.expr) -> ast.expr:
    """A list display that is only iterated is a tuple (Python/ast_opt.c, ``fold_iter``)."""
    starred = isinstance(iterable, ast.List) and any(
        isinstance(element, ast.Starred) for element in iterable.elts
    )
    if not isinstance(iterable, ast.List) or starred:
        return iterable
    return at(iterable, ast.Tuple(iterable.elts, ast.Load()))


def _comprehension_scope(node: ast.AST) -> list[ast.AST]:
    """All nodes in which a walrus would bind the name outside of ``node``."""
    found: list[ast.AST] = []
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.Lambda):
            found += [child, *_comprehension_scope(child)]
    return found


class _Hoist(ast.NodeTransformer):
    """Replaces comprehensions in the expressions of one statement, its nested blocks excluded."""

    def __init__(self, owner: Comprehensions) -> None:
        self.owner = owner
        self.functions: list[ast.stmt] = []

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name, value in ast.iter_fields(node):
            if name in ("body", "orelse", "finalbody", "handlers") and isinstance(value, list):
                setattr(node, name, self._blocks(value))
            elif isinstance(value, list):
                value[:] = [self.visit(v) if isinstance(v, ast.AST) else v for v in value]
            elif isinstance(value, ast.AST):
                setattr(node, name, self.visit(value))
        return node

    def _blocks(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """Native nested statements: their functions go right before them."""
        out: list[ast.stmt] = []
        for statement in body:
            if isinstance(statement, ast.stmt):
                out += self.owner.hoist([statement])
            else:
                out.append(self.generic_visit(statement))
        return out

    def visit_Call(self, node: ast.Call) -> ast.AST:
        lone = len(node.args) == 1 and not node.keywords
        if lone and isinstance(node.args[0], ast.GeneratorExp) and isinstance(node.func, ast.Name):
            name, argument = node.func.id, node.args[0]
            kept = name in _CONSUMERS and not self.owner.names.binds(name)
            if kept and not comprehension_is_async(argument):
                first = argument.generators[0]
                first.iter = cast(ast.expr, self.visit(first.iter))
                return node
        return self.generic_visit(node)

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, COMPREHENSIONS):
            first = node.generators[0]
            first.iter = cast(ast.expr, self.visit(first.iter))
            if isinstance(node, ast.GeneratorExp) or comprehension_is_async(node):
                function, result = self.owner.function(node)
                self.functions.append(function)
                return result
            return node
        if is_scope(node):
            return visit_head(self, node)
        return super().visit(node)  # type: ignore[no-any-return]
