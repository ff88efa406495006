"""Desugar: statements that have no machine of their own become ones that do. Python to Python.

Goal: of the statements that suspend only ``if while for try return raise`` and simple ones remain.
``with``, ``async with`` (PEP 343), ``async for`` (PEP 492) and ``match`` are spelled out;
asynchronous comprehensions and generator expressions become nested functions, as CPython 3.11
compiles them; ``super()`` gets its arguments.

Before::

    async with lock as x:
        await f(x)

After::

    _exit1, _enter1 = _kwf.enter_async_with(lock)
    _value1 = await _enter1
    _normal1 = True
    try:
        try:
            x = _value1
            await f(x)
        except:
            _normal1 = False
            if not await _exit1(*_kwf.exc_info()):
                raise
    finally:
        if _normal1:
            await _exit1(None, None, None)

Limits: only inside of machines, and only where a statement must be split; the rest keeps its text.
"""

from __future__ import annotations

import ast
from typing import cast

from kwf_compiler.passes.comprehensions import Comprehensions, folded
from kwf_compiler.passes.mark import (
    Function,
    function_kind,
    is_function,
    must_split,
    own_nodes,
    suspends,
    unmark,
)
from kwf_compiler.passes.names import Names, abi, assign, at, call, load, parse

_WITH = """
EXIT, VALUE = ENTER
NORMAL = True
try:
    try:
        BODY
    except:
        NORMAL = False
        if not LEAVE:
            raise
finally:
    if NORMAL:
        DONE
"""
_ASYNC_WITH = _WITH.replace("EXIT, VALUE = ENTER", "EXIT, ENTERED = ENTER\nVALUE = AWAITED")
_ASYNC_FOR = """
ITERATOR = AITER
MORE = True
while MORE:
    try:
        ITEM = NEXT
    except _kwf.StopAsyncIteration:
        MORE = False
    else:
        BODY
else:
    ORELSE
"""


def desugar_module(tree: ast.Module, names: Names) -> ast.Module:
    """Desugar every machine of the module, in place."""
    _Module(names).visit(tree)
    unmark(tree)
    return tree


class _Module(ast.NodeTransformer):
    """Finds the machines, outer ones first; what desugaring adds is visited after it."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.shadowed = names.binds("super")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self.visit_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self.visit_function(node)

    def visit_function(self, node: Function) -> ast.AST:
        if function_kind(node) is not None:
            _Machine(node, self.names, explicit_super=not self.shadowed).run()
        return self.generic_visit(node)


class _Machine:
    def __init__(self, function: Function, names: Names, *, explicit_super: bool) -> None:
        self.function = function
        self.names = names
        self.comprehensions = Comprehensions(function, names)
        self.super = _Super(function) if explicit_super else None

    def run(self) -> None:
        function = self.function
        self.names.enter(function)
        scope: list[ast.stmt] = []
        for keyword in (ast.Global, ast.Nonlocal):
            declared = [n for s in own_nodes(function) if isinstance(s, keyword) for n in s.names]
            if declared:
                scope.append(at(function, keyword(sorted(set(declared)))))
        docstring = (
            function.body[:1] if ast.get_docstring(function, clean=False) is not None else []
        )
        body = self.block(function.body[len(docstring) :], False, False)
        declared = self.comprehensions.declarations
        head = [*docstring, *scope, *(at(function, declare_local(n)) for n in declared)]
        function.body = [*head, *body]

    def block(self, body: list[ast.stmt], in_loop: bool, in_finally: bool) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for statement in body:
            mark = self.names.mark()
            out += self.statement(statement, in_loop, in_finally)
            self.names.release(mark)
        return out or ([at(body[0], ast.Pass())] if body else [])

    def statement(self, node: ast.stmt, in_loop: bool, in_finally: bool) -> list[ast.stmt]:
        """One statement, desugared, behind the functions that its comprehensions became."""
        if isinstance(node, ast.Global | ast.Nonlocal):
            return []
        if is_function(node) or isinstance(node, ast.ClassDef):
            return self.comprehensions.hoist([node])
        if self.super is not None:
            node = self.super.visit(node)
        if isinstance(node, ast.AnnAssign):
            return self.comprehensions.hoist(self._annotated(node))
        if not must_split(node, in_loop, in_finally):
            return self.comprehensions.hoist([_NoAnnotations().visit(node)])
        match node:
            case ast.With() | ast.AsyncWith():
                return self._with(node, in_loop, in_finally)
            case ast.AsyncFor():
                return self._async_for(node, in_finally)
            case ast.Match():
                return self._match(node, in_loop, in_finally)
            case ast.Assert():
                return self.comprehensions.hoist(self._assert(node))
        split_loop = in_loop
        split_finally = in_finally
        if isinstance(node, ast.While | ast.For):
            split_loop = True
        if isinstance(node, ast.Try | ast.TryStar):
            split_finally = in_finally or bool(node.finalbody)
            node.finalbody = self.block(node.finalbody, in_loop, in_finally)
            if isinstance(node, ast.Try):
                self._awaited_types(node)
            for handler in node.handlers:
                unbinds = handler.name is not None
                handler.body = self.block(handler.body, in_loop, split_finally or unbinds)
        if isinstance(node, ast.If | ast.While | ast.For | ast.Try | ast.TryStar):
            node.body = self.block(node.body, split_loop, split_finally)
            orelse_loop = in_loop if isinstance(node, ast.While | ast.For) else split_loop
            node.orelse = self.block(node.orelse, orelse_loop, split_finally)
        return self.comprehensions.hoist([node])

    def _with(
        self, node: ast.With | ast.AsyncWith, in_loop: bool, in_finally: bool
    ) -> list[ast.stmt]:
        exit_, normal, value = (self.names.fresh(stem) for stem in ("exit", "normal", "value"))
        entered = self.names.fresh("enter")
        item, rest = node.items[0], node.items[1:]
        body = node.body
        if rest:
            body = [at(node, type(node)(rest, node.body))]
        if item.optional_vars is not None:
            bind = at(item.optional_vars, ast.Assign([item.optional_vars], load(value)))
            body = [bind, *body]
        body = self.block(body, in_loop, True)
        leave: ast.expr = call(load(exit_), ast.Starred(call(abi("exc_info")), ast.Load()))
        done: ast.expr = call(load(exit_), *(ast.Constant(None) for _ in range(3)))
        holes: dict[str, ast.expr | list[ast.stmt]] = {
            "EXIT": load(exit_),
            "VALUE": load(value),
            "NORMAL": load(normal),
            "BODY": body,
        }
        if isinstance(node, ast.With):
            enter = call(abi("enter_with"), item.context_expr)
            filled = parse(item.context_expr, _WITH, ENTER=enter, LEAVE=leave, DONE=done, **holes)
            return self.comprehensions.hoist(filled)
        text = ast.unparse(item.context_expr)
        filled = parse(
            item.context_expr,
            _ASYNC_WITH,
            ENTER=call(abi("enter_async_with"), item.context_expr),
            ENTERED=load(entered),
            AWAITED=_await(load(entered), f"async with {text}"),
            LEAVE=_await(leave, f"async with {text}: leave by error"),
            DONE=_await(done, f"async with {text}: leave"),
            **holes,
        )
        return self.comprehensions.hoist(filled)

    def _async_for(self, node: ast.AsyncFor, in_finally: bool) -> list[ast.stmt]:
        iterator, item, more = (self.names.fresh(stem) for stem in ("aiter", "item", "more"))
        bind = at(node.target, ast.Assign([node.target], load(item)))
        following = _await(
            call(abi("anext"), load(iterator)), f"async for {ast.unparse(node.target)}"
        )
        filled = parse(
            node.iter,
            _ASYNC_FOR if node.orelse else _ASYNC_FOR.replace("else:\n    ORELSE\n", ""),
            ITERATOR=load(iterator),
            AITER=call(abi("aiter"), folded(node.iter)),
            MORE=load(more),
            ITEM=load(item),
            NEXT=following,
            BODY=[bind, *self.block(node.body, True, in_finally)],
            ORELSE=self.block(node.orelse, False, in_finally),
        )
        return self.comprehensions.hoist(filled)

    def _match(self, node: ast.Match, in_loop: bool, in_finally: bool) -> list[ast.stmt]:
        """A native ``match`` picks the case and binds its captures; an ``if`` runs its body.

        A guard that suspends is tested behind its ``match``; the cases after it get their own.
        """
        chosen, name = self.names.fresh("case"), self.names.fresh("subject")
        branches: list[ast.stmt] = []
        for number, case in reversed(list(enumerate(node.cases))):
            test = ast.Compare(load(chosen), [ast.Eq()], [ast.Constant(number)])
            body = self.block(case.body, in_loop, in_finally)
            branches = [at(case.body[0], ast.If(test, body, branches))]
        out: list[ast.stmt] = [at(node, assign(chosen, ast.Constant(None)))]
        guarded = any(case.guard is not None and suspends(case.guard) for case in node.cases)
        subject = node.subject
        if guarded or suspends(subject):
            out.append(at(subject, assign(name, subject)))
            subject = at(subject, load(name))
        for number, case in enumerate(node.cases):
            case.body = [at(case.body[0], assign(chosen, ast.Constant(number)))]
        if not guarded:
            node.subject = subject
            return self.comprehensions.hoist([*out, node, *branches])
        rest = out
        for number, case in enumerate(node.cases):
            inner: list[ast.stmt] = [at(node, ast.Match(subject, [case]))]
            if case.guard is not None and suspends(case.guard):
                taken = ast.Compare(load(chosen), [ast.Eq()], [ast.Constant(number)])
                failed = ast.BoolOp(ast.And(), [taken, ast.UnaryOp(ast.Not(), case.guard)])
                undo = assign(chosen, ast.Constant(None))
                inner.append(at(case.guard, ast.If(failed, [undo], [])))
                case.guard = None
            if number == 0:
                rest += inner
            else:
                none_yet = ast.Compare(load(chosen), [ast.Is()], [ast.Constant(None)])
                rest.append(at(node, ast.If(none_yet, inner, [])))
                rest = inner
        return self.comprehensions.hoist([*out, *branches])

    def _awaited_types(self, node: ast.Try) -> None:
        """``except (await f())`` as an ``if`` in a bare ``except``, and so the clauses after it."""
        first = next((i for i, h in enumerate(node.handlers) if h.type and suspends(h.type)), None)
        if first is None:
            return
        body: list[ast.stmt] = [ast.Raise(None, None)]
        for handler in reversed(node.handlers[first:]):
            if handler.type is None:
                body = handler.body
                continue
            inside = handler.body
            if handler.name is not None:
                last = ast.Subscript(call(abi("exc_info")), ast.Constant(1), ast.Load())
                unbind: list[ast.stmt] = [assign(handler.name, ast.Constant(None))]
                unbind.append(ast.Delete([ast.Name(handler.name, ast.Del())]))
                inside = [assign(handler.name, last), ast.Try(inside, [], [], [*unbind])]
            body = [at(handler, ast.If(call(abi("matches"), handler.type), inside, body))]
        caught = ast.ExceptHandler(None, None, [at(node, s) for s in body])
        node.handlers[first:] = [at(node.handlers[first], caught)]

    def _assert(self, node: ast.Assert) -> list[ast.stmt]:
        error: ast.expr = abi("AssertionError")
        if node.msg is not None:
            error = call(error, node.msg)
        check = ast.If(ast.UnaryOp(ast.Not(), node.test), [ast.Raise(error, None)], [])
        return [at(node, ast.If(load("__debug__"), [check], []))]

    def _annotated(self, node: ast.AnnAssign) -> list[ast.stmt]:
        """An annotation of a local is never evaluated, and has no place on a cell."""
        return cast("list[ast.stmt]", _as_list(_NoAnnotations().visit(node)))


def _as_list(node: ast.AST | list[ast.AST]) -> list[ast.AST]:
    return node if isinstance(node, list) else [node]


def _await(value: ast.expr, label: str) -> ast.Await:
    node = ast.Await(value)
    node._kwf_label = label  # type: ignore[attr-defined]
    return node


def declare_local(name: str) -> ast.stmt:
    """A statement that does nothing, but makes ``name`` a local variable."""
    return ast.If(ast.Constant(False), [assign(name, ast.Constant(None))], [])


class _NoAnnotations(ast.NodeTransformer):
    """Makes plain assignments of annotated ones, in one function's own scope."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | list[ast.AST]:
        if node.value is not None:
            return at(node, ast.Assign([node.target], node.value))
        match node.target:
            case ast.Name():
                # Still makes the name local.
                return at(node, declare_local(node.target.id))
            case ast.Attribute(value=value):
                return at(node, ast.Expr(value))
            case ast.Subscript(value=value, slice=index):
                return [at(node, ast.Expr(value)), at(node, ast.Expr(index))]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node


class _Super(ast.NodeTransformer):
    """``super()`` as ``super(__class__, self)``: its code moves into a nested function."""

    def __init__(self, function: Function) -> None:
        positional = [*function.args.posonlyargs, *function.args.args]
        self.first = positional[0].arg if positional else None

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        bare = isinstance(node.func, ast.Name) and node.func.id == "super"
        if bare and not node.args and not node.keywords and self.first is not None:
            node.args = [at(node, load("__class__")), at(node, load(self.first))]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node
