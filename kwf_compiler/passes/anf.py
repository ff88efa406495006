"""Await normal form: a suspension is a whole statement. Python to Python.

Goal: afterwards each ``await`` or ``yield`` of a machine stands as ``x = await e``, ``await e``, or
the same with ``yield``, where ``e`` cannot suspend. Everything that Python evaluates before it is
in a variable.

Before::

    x += f(a, await g()) if c else 0

After::

    _t1 = x
    if c:
        _t3 = f
        _t4 = a
        _t5 = await g()
        _t2 = _t3(_t4, _t5)
    else:
        _t2 = 0
    _t1 += _t2
    x = _t1

The order of evaluation is that of the language reference 6.16, in details that of Python/compile.c.

Limits: runs after desugar. Statements that do not suspend keep their text.
"""

from __future__ import annotations

import ast
from typing import cast

from kwf_compiler.diagnostics import InternalCompilerError
from kwf_compiler.passes.mark import (
    Function,
    any_suspends,
    function_kind,
    is_function,
    suspends,
    unmark,
)
from kwf_compiler.passes.names import ABI, Names, abi, as_bool, assign, at, call, load, store

Body = list[ast.stmt]
Suspension = ast.Await | ast.Yield | ast.YieldFrom


def normalize_module(tree: ast.Module, names: Names) -> ast.Module:
    """Bring every machine of the module into await normal form, in place."""
    for node in ast.walk(tree):
        if is_function(node) and function_kind(node) is not None:
            names.enter(node)
            node.body = _Anf(names).block(node.body)
    unmark(tree)
    return tree


class _Anf:
    def __init__(self, names: Names) -> None:
        self.names = names

    def block(self, body: Body) -> Body:
        out: Body = []
        for statement in body:
            mark = self.names.mark()
            self.statement(statement, out)
            self.names.release(mark)
        return out

    # Statements

    def statement(self, node: ast.stmt, out: Body) -> None:
        if not suspends(node):
            out.append(node)
            return
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node, out)
            case ast.ClassDef():
                self._class(node, out)
            case ast.Expr():
                self._expression(node, out)
            case ast.Assign():
                self._assign(node, out)
            case ast.AugAssign():
                self._augmented(node, out)
            case ast.Return(value=ast.expr() as value):
                out.append(at(node, ast.Return(self.expr(value, out))))
            case ast.Raise():
                given = [e for e in (node.exc, node.cause) if e is not None]
                out.append(at(node, ast.Raise(*self.operands(given, out))))
            case ast.Delete():
                for target in _flat(node.targets):
                    out.append(at(target, ast.Delete([self.target(target, out)])))
            case ast.If():
                test = self.truth(node.test, out)
                out.append(at(node, ast.If(test, self.block(node.body), self.block(node.orelse))))
            case ast.While():
                self._while(node, out)
            case ast.For():
                iterable = self.expr(node.iter, out)
                body, orelse = self.block(node.body), self.block(node.orelse)
                if suspends(node.target):
                    item = self.names.fresh("t")
                    prelude: Body = []
                    self.store_to(node.target, load(item), prelude)
                    out.append(at(node, ast.For(store(item), iterable, [*prelude, *body], orelse)))
                else:
                    out.append(at(node, ast.For(node.target, iterable, body, orelse)))
            case ast.Try() | ast.TryStar():
                for handler in node.handlers:
                    handler.body = self.block(handler.body)
                blocks = (self.block(node.body), node.handlers, self.block(node.orelse))
                out.append(at(node, type(node)(*blocks, self.block(node.finalbody))))
            case _:
                raise InternalCompilerError(f"anf: {ast.dump(node)[:200]}")

    def _function(self, node: Function, out: Body) -> None:
        """Decorators, defaults, annotations are evaluated in this order, then the function made."""
        args = node.args
        everyone = [*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg]
        named = [a for a in everyone if a is not None and a.annotation is not None]
        slots: list[tuple[ast.AST, str, int | None]] = []
        slots += [(node, "decorator_list", i) for i in range(len(node.decorator_list))]
        slots += [(args, "defaults", i) for i in range(len(args.defaults))]
        slots += [(args, "kw_defaults", i) for i, d in enumerate(args.kw_defaults) if d]
        slots += [(arg, "annotation", None) for arg in named]
        slots += [(node, "returns", None)] if node.returns is not None else []
        self._fill(slots, out)
        out.append(node)

    def _class(self, node: ast.ClassDef, out: Body) -> None:
        slots: list[tuple[ast.AST, str, int | None]] = []
        slots += [(node, "decorator_list", i) for i in range(len(node.decorator_list))]
        slots += [(node, "bases", i) for i in range(len(node.bases))]
        slots += [(keyword, "value", None) for keyword in node.keywords]
        self._fill(slots, out)
        out.append(node)

    def _fill(self, slots: list[tuple[ast.AST, str, int | None]], out: Body) -> None:
        """Evaluate the expressions in these fields in order, and put back what cannot suspend."""
        held = [getattr(owner, name) for owner, name, _ in slots]
        nodes = [h if i is None else h[i] for h, (_, _, i) in zip(held, slots, strict=True)]
        for value, (owner, name, index) in zip(self.operands(nodes, out), slots, strict=True):
            if index is None:
                setattr(owner, name, value)
            else:
                getattr(owner, name)[index] = value

    def _expression(self, node: ast.Expr, out: Body) -> None:
        if isinstance(node.value, ast.Await | ast.Yield | ast.YieldFrom):
            out.append(at(node, ast.Expr(self._suspension(node.value, out))))
            return
        value = self.expr(node.value, out)
        if not isinstance(value, ast.Name):
            out.append(at(node, ast.Expr(value)))

    def _assign(self, node: ast.Assign, out: Body) -> None:
        targets = node.targets
        simple = len(targets) == 1 and isinstance(targets[0], ast.Name)
        if simple and isinstance(node.value, ast.Await | ast.Yield | ast.YieldFrom):
            out.append(at(node, ast.Assign(targets, self._suspension(node.value, out))))
            return
        value = self.expr(node.value, out)
        if not any_suspends(targets):
            out.append(at(node, ast.Assign(targets, value)))
            return
        value = self.keep(value, out)
        for target in targets:
            self.store_to(target, value, out)

    def store_to(self, target: ast.expr, value: ast.expr, out: Body) -> None:
        """Assign ``value`` (a variable) to a target that may suspend."""
        if not suspends(target):
            out.append(at(target, ast.Assign([target], value)))
        elif isinstance(target, ast.Tuple | ast.List):
            parts: list[ast.expr] = []
            names: list[str] = []
            for element in target.elts:
                names.append(self.names.fresh("t"))
                part: ast.expr = store(names[-1])
                parts.append(ast.Starred(part, ast.Store()) if _starred(element) else part)
            out.append(at(target, ast.Assign([ast.Tuple(parts, ast.Store())], value)))
            for element, name in zip(target.elts, names, strict=True):
                inner = element.value if isinstance(element, ast.Starred) else element
                self.store_to(inner, at(target, load(name)), out)
        else:
            out.append(at(target, ast.Assign([self.target(target, out)], value)))

    def target(self, node: ast.expr, out: Body) -> ast.expr:
        """An attribute or subscript whose parts cannot suspend."""
        if not suspends(node):
            return node
        match node:
            case ast.Attribute():
                return at(node, ast.Attribute(self.expr(node.value, out), node.attr, node.ctx))
            case ast.Subscript():
                value, index = self.operands([node.value, node.slice], out)
                return at(node, ast.Subscript(value, index, node.ctx))
        raise InternalCompilerError(f"anf: target {ast.dump(node)[:200]}")

    def _augmented(self, node: ast.AugAssign, out: Body) -> None:
        match node.target:
            case ast.Name(id=name):
                read: ast.expr = load(name)
                write: ast.expr = store(name)
            case ast.Attribute(value=value, attr=attr):
                owner = self.keep(self.expr(value, out), out)
                read = ast.Attribute(owner, attr, ast.Load())
                write = ast.Attribute(owner, attr, ast.Store())
            case ast.Subscript(value=value, slice=index):
                owner, index = self.operands([value, index], out)
                owner = self.keep(owner, out)
                index = self.keep(_as_value(index), out)
                read = ast.Subscript(owner, index, ast.Load())
                write = ast.Subscript(owner, index, ast.Store())
        current = self.names.fresh("t")
        out.append(at(node, assign(current, read)))
        value = self.expr(node.value, out)
        out.append(at(node, ast.AugAssign(store(current), node.op, value)))
        out.append(at(node, ast.Assign([write], load(current))))

    def _while(self, node: ast.While, out: Body) -> None:
        body = self.block(node.body)
        orelse = self.block(node.orelse)
        if not suspends(node.test):
            out.append(at(node, ast.While(node.test, body, orelse)))
            return
        prelude: Body = []
        test = self.truth(node.test, prelude)
        leave: Body = [ast.Break()]
        if orelse:
            done = self.names.fresh("ended")
            out.append(at(node, assign(done, ast.Constant(False))))
            leave = [assign(done, ast.Constant(True)), ast.Break()]
        check = at(node.test, ast.If(ast.UnaryOp(ast.Not(), test), leave, []))
        out.append(at(node, ast.While(ast.Constant(True), [*prelude, check, *body], [])))
        if orelse:
            out.append(at(node, ast.If(load(done), orelse, [])))

    # Expressions

    def keep(self, value: ast.expr, out: Body) -> ast.expr:
        """``value`` as a constant or a variable that nothing else assigns."""
        if isinstance(value, ast.Constant):
            return value
        if isinstance(value, ast.Name) and getattr(value, "_kwf_temporary", False):
            return value
        if isinstance(value, ast.Attribute) and ast.unparse(value.value) == ABI:
            return value
        return self.temporary(value, out)

    def temporary(self, value: ast.expr, out: Body) -> ast.Name:
        name = self.names.fresh("t")
        out.append(at(value, assign(name, value)))
        return self._read(name, value)

    def _read(self, name: str, place: ast.AST) -> ast.Name:
        node = at(place, load(name))
        node._kwf_temporary = True  # type: ignore[attr-defined]
        return node

    def operands(self, nodes: list[ast.expr], out: Body) -> list[ast.expr]:
        """Expressions that Python evaluates in this order, made unable to suspend."""
        last = max((i for i, node in enumerate(nodes) if suspends(node)), default=-1)
        result: list[ast.expr] = []
        for index, node in enumerate(nodes):
            value = self._operand(node, out) if index <= last else node
            result.append(self._keep_operand(value, out) if index < last else value)
        return result

    def _operand(self, node: ast.expr, out: Body) -> ast.expr:
        if isinstance(node, _Merged):
            return at(node, _Merged(self.expr(node.value, out)))
        if isinstance(node, ast.Starred):
            return at(node, ast.Starred(self.expr(node.value, out), node.ctx))
        return self.expr(node, out)

    def _keep_operand(self, value: ast.expr, out: Body) -> ast.expr:
        if isinstance(value, ast.Starred):  # unpacked when it is its turn
            unpacked = at(value, ast.List([value], ast.Load()))
            return at(value, ast.Starred(self.temporary(unpacked, out), ast.Load()))
        if isinstance(value, _Merged):  # merged when it is its turn
            copied = at(value, ast.Dict([None], [value.value]))
            return at(value, _Merged(self.temporary(copied, out)))
        if isinstance(value, ast.FormattedValue):  # formatted when it is its turn
            text = self.temporary(at(value, ast.JoinedStr([value])), out)
            return at(value, ast.FormattedValue(text, -1, None))
        if isinstance(value, ast.Slice):
            parts = {n: getattr(value, n) for n in ("lower", "upper", "step")}
            kept = [None if p is None else self.keep(p, out) for p in parts.values()]
            return at(value, ast.Slice(*kept))
        return self.keep(value, out)

    def expr(self, node: ast.expr, out: Body) -> ast.expr:
        """An expression equal to ``node`` that cannot suspend, behind what is added to ``out``."""
        if not suspends(node):
            return node
        if isinstance(node, ast.Await | ast.Yield | ast.YieldFrom):
            return self.temporary(self._suspension(node, out), out)
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise InternalCompilerError(f"anf: {ast.dump(node)[:200]}")
        return at(node, cast(ast.expr, method(node, out)))

    def _suspension(self, node: Suspension, out: Body) -> Suspension:
        value = None if node.value is None else self.expr(node.value, out)
        made = at(node, type(node)(value))  # type: ignore[arg-type]
        made._kwf_label = node._kwf_label  # type: ignore[union-attr]
        return made

    def _binop(self, node: ast.BinOp, out: Body) -> ast.expr:
        left, right = self.operands([node.left, node.right], out)
        return ast.BinOp(left, node.op, right)

    def _unaryop(self, node: ast.UnaryOp, out: Body) -> ast.expr:
        return ast.UnaryOp(node.op, self.expr(node.operand, out))

    def _attribute(self, node: ast.Attribute, out: Body) -> ast.expr:
        return ast.Attribute(self.expr(node.value, out), node.attr, node.ctx)

    def _subscript(self, node: ast.Subscript, out: Body) -> ast.expr:
        value, index = self.operands([node.value, node.slice], out)
        return ast.Subscript(value, index, node.ctx)

    def _slice(self, node: ast.Slice, out: Body) -> ast.expr:
        parts = [node.lower, node.upper, node.step]
        values = iter(self.operands([part for part in parts if part is not None], out))
        return ast.Slice(*(None if part is None else next(values) for part in parts))

    def _namedexpr(self, node: ast.NamedExpr, out: Body) -> ast.expr:
        value = self.keep(self.expr(node.value, out), out)
        out.append(at(node, ast.Assign([store(node.target.id)], value)))
        return value

    def truth(self, node: ast.expr, out: Body) -> ast.expr:
        """An expression that is true when ``node`` is; no operand is asked for its truth twice."""
        if not suspends(node):
            return node
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return at(node, ast.UnaryOp(ast.Not(), self.truth(operand, out)))
            case ast.BoolOp():
                return self._boolop(node, out, asked=True)
            case ast.IfExp():
                return self._ifexp(node, out, asked=True)
            case ast.Compare(comparators=[_, _, *_]):
                return self._compare(node, out, asked=True)
        return self.expr(node, out)

    def _value(self, node: ast.expr, out: Body, asked: bool) -> ast.expr:
        return as_bool(self.truth(node, out)) if asked else self.expr(node, out)

    def _boolop(self, node: ast.BoolOp, out: Body, *, asked: bool = False) -> ast.expr:
        name = self.names.fresh("t")
        body = out
        for index, operand in enumerate(node.values):
            body.append(at(operand, assign(name, self._value(operand, body, asked))))
            if index < len(node.values) - 1:
                test: ast.expr = load(name)
                if isinstance(node.op, ast.Or):
                    test = ast.UnaryOp(ast.Not(), test)
                inner: Body = []
                body.append(at(operand, ast.If(test, inner, [])))
                body = inner
        return self._read(name, node)

    def _ifexp(self, node: ast.IfExp, out: Body, *, asked: bool = False) -> ast.expr:
        name = self.names.fresh("t")
        test = self.truth(node.test, out)
        branches: list[Body] = [[], []]
        for body, value in zip(branches, (node.body, node.orelse), strict=True):
            body.append(at(value, assign(name, self._value(value, body, asked))))
        out.append(at(node, ast.If(test, *branches)))
        return self._read(name, node)

    def _compare(self, node: ast.Compare, out: Body, *, asked: bool = False) -> ast.expr:
        comparators = node.comparators
        if len(comparators) == 1:
            left, right = self.operands([node.left, comparators[0]], out)
            return ast.Compare(left, node.ops, [right])
        name = self.names.fresh("t")
        left, body = self.keep(self.expr(node.left, out), out), out
        for index, (op, operand) in enumerate(zip(node.ops, comparators, strict=True)):
            right = self.keep(self.expr(operand, body), body)
            result: ast.expr = ast.Compare(left, [op], [right])
            body.append(at(operand, assign(name, as_bool(result) if asked else result)))
            left = right
            if index < len(comparators) - 1:
                inner: Body = []
                body.append(at(operand, ast.If(load(name), inner, [])))
                body = inner
        return self._read(name, node)

    def _call(self, node: ast.Call, out: Body) -> ast.expr:
        lone_star = len(node.args) == 1 and isinstance(node.args[0], ast.Starred)
        # f(*a, k=v): the call itself unpacks, after v
        args = [cast(ast.Starred, node.args[0]).value] if lone_star else list(node.args)
        values = [*args, *(_keyword_value(k) for k in node.keywords)]
        function, *values = _plain(self.operands([node.func, *values], out))
        positional, named = values[: len(args)], values[len(args) :]
        if lone_star:
            positional = [at(node, ast.Starred(positional[0], ast.Load()))]
        keywords = [
            at(node, ast.keyword(k.arg, value))
            for k, value in zip(node.keywords, named, strict=True)
        ]
        return ast.Call(function, positional, keywords)

    def _list(self, node: ast.List, out: Body) -> ast.expr:
        return ast.List(self.operands(node.elts, out), node.ctx)

    def _tuple(self, node: ast.Tuple, out: Body) -> ast.expr:
        return ast.Tuple(self.operands(node.elts, out), node.ctx)

    def _set(self, node: ast.Set, out: Body) -> ast.expr:
        return ast.Set(self.operands(node.elts, out))

    def _dict(self, node: ast.Dict, out: Body) -> ast.expr:
        flat: list[ast.expr] = []
        for key, value in zip(node.keys, node.values, strict=True):
            flat += [at(value, _Merged(value))] if key is None else [key, value]
        values = iter(_plain(self.operands(flat, out)))
        keys: list[ast.expr | None] = []
        items: list[ast.expr] = []
        for key in node.keys:
            keys.append(None if key is None else next(values))
            items.append(next(values))
        return ast.Dict(keys, items)

    def _joinedstr(self, node: ast.JoinedStr, out: Body) -> ast.expr:
        return ast.JoinedStr(self.operands(node.values, out))

    def _formattedvalue(self, node: ast.FormattedValue, out: Body) -> ast.expr:
        parts = [node.value] if node.format_spec is None else [node.value, node.format_spec]
        value, *spec = self.operands(parts, out)
        return ast.FormattedValue(value, node.conversion, spec[0] if spec else None)

    def _lambda(self, node: ast.Lambda, out: Body) -> ast.expr:
        args = node.args
        keyword = [d for d in args.kw_defaults if d is not None]
        values = self.operands([*args.defaults, *keyword], out)
        args.defaults = values[: len(args.defaults)]
        rest = iter(values[len(args.defaults) :])
        args.kw_defaults = [None if d is None else next(rest) for d in args.kw_defaults]
        return ast.Lambda(args, node.body)

    def _comprehension(self, node: ast.ListComp, out: Body) -> ast.expr:
        first = node.generators[0]
        first.iter = self.expr(first.iter, out)
        return node

    _listcomp = _setcomp = _dictcomp = _generatorexp = _comprehension


def _flat(targets: list[ast.expr]) -> list[ast.expr]:
    """The targets of ``del a, (b, [c])``, which are deleted one by one."""
    flat: list[ast.expr] = []
    for target in targets:
        flat += _flat(target.elts) if isinstance(target, ast.Tuple | ast.List) else [target]
    return flat


def _starred(node: ast.expr) -> bool:
    return isinstance(node, ast.Starred)


def _as_value(index: ast.expr) -> ast.expr:
    """A subscript's index as an expression that can stand anywhere."""
    if isinstance(index, ast.Slice):
        parts = [p or ast.Constant(None) for p in (index.lower, index.upper, index.step)]
        return at(index, call(abi("slice"), *parts))
    if isinstance(index, ast.Tuple):
        return at(index, ast.Tuple([_as_value(e) for e in index.elts], ast.Load()))
    return index


class _Merged(ast.expr):
    """A mapping behind ``**``, while the operands around it are put in order."""

    _fields = ("value",)

    def __init__(self, value: ast.expr) -> None:
        super().__init__()
        self.value = value


def _plain(operands: list[ast.expr]) -> list[ast.expr]:
    return [o.value if isinstance(o, _Merged) else o for o in operands]


def _keyword_value(keyword: ast.keyword) -> ast.expr:
    return keyword.value if keyword.arg is not None else at(keyword, _Merged(keyword.value))
