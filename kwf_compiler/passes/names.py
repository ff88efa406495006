"""Fresh names and node templates for the passes.

Limits: a fresh name equals no identifier of the source, and no other name that its function has.
Functions inside of each other may share one: what the passes bring in is never captured.
"""

from __future__ import annotations

import ast
from typing import TypeVar

from kwf_compiler.passes.mark import Function, own_children, own_nodes

T = TypeVar("T", bound=ast.AST)
D = TypeVar("D", ast.FunctionDef, ast.AsyncFunctionDef)
ABI = "_kwf"
"""The name by which generated code knows ``kwf_runtime.abi``."""


class Names:
    """Makes names that the module does not use."""

    def __init__(self, tree: ast.AST) -> None:
        self._used: set[str] = set()
        self._bound: set[str] = set()
        for node in ast.walk(tree):
            self._bound.update(_bound_by(node))
            for _, value in ast.iter_fields(node):
                if isinstance(value, str):
                    self._used.add(value)
                elif isinstance(value, list):
                    self._used.update(v for v in value if isinstance(v, str))
        self._here: set[str] = set()
        self._next: dict[str, int] = {}

    def enter(self, function: Function) -> None:
        """Begin to name what a pass adds to ``function``: its numbers start from 1."""
        self._next = {}
        self._here = {node.id for node in own_nodes(function) if isinstance(node, ast.Name)}
        self._here.update(a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg))

    def mark(self) -> dict[str, int]:
        """Where the numbers are, to be given back to ``release``."""
        return dict(self._next)

    def release(self, mark: dict[str, int]) -> None:
        """Let the names since ``mark`` be used again: what they were for is over.

        So a name says how deep its statement lies, and no statement before or behind it changes
        that: it may be a slot of a saved frame. Functions keep theirs.
        """
        functions = {stem: n for stem, n in self._next.items() if stem.startswith("kwf_")}
        self._next = {**mark, **functions}

    def uses(self, name: str) -> bool:
        """Whether the module uses ``name`` already."""
        return name in self._used

    def binds(self, name: str) -> bool:
        """Whether the module binds ``name`` anywhere, so that it need not be the builtin."""
        return name in self._bound

    def fresh(self, stem: str) -> str:
        """A new name ``_<stem><n>``."""
        while True:
            number = self._next.get(stem, 0) + 1
            self._next[stem] = number
            name = f"_{stem}{number}"
            if name not in self._used and name not in self._here:
                return name


def _bound_by(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return [name]
        case ast.arg(arg=name):
            return [name]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.alias(name=name, asname=asname):
            return [asname or name.partition(".")[0], *(["*"] if name == "*" else [])]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            return [name]
        case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            return [name]
    return []


def bound_here(body: list[ast.stmt]) -> set[str]:
    """The names that ``body`` makes local variables of the function that it is in."""
    found: set[str] = set()
    stack: list[ast.AST] = [*body]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.comprehension):
            stack += [node.iter, *node.ifs]  # its target is its own
            continue
        found.update(_bound_by(node))
        stack += own_children(node)
    return found


def visit_head(visitor: ast.NodeTransformer, node: ast.AST) -> ast.AST:
    """Visit what of a function, lambda or class is evaluated in the scope around it."""
    for name in ("decorator_list", "bases", "keywords", "args", "returns"):
        part = getattr(node, name, None)
        if isinstance(part, list):
            part[:] = [visitor.visit(one) for one in part]
        elif part is not None:
            setattr(node, name, visitor.visit(part))
    return node


def load(name: str) -> ast.Name:
    """Read a variable."""
    return ast.Name(name, ast.Load())


def store(name: str) -> ast.Name:
    """Bind a variable."""
    return ast.Name(name, ast.Store())


def assign(name: str, value: ast.expr) -> ast.Assign:
    """``name = value``."""
    return ast.Assign([store(name)], value)


def define(kind: type[D], name: str, args: ast.arguments, body: list[ast.stmt]) -> D:
    """A ``def`` without decorators and annotations."""
    made = kind(name=name, args=args, body=body, decorator_list=[], returns=None)
    if "type_params" in kind._fields:  # since Python 3.12
        setattr(made, "type_params", [])  # noqa: B010 - unknown to the types of 3.11
    return made


def abi(attribute: str) -> ast.expr:
    """``_kwf.attribute``."""
    return ast.Attribute(load(ABI), attribute, ast.Load())


def call(function: ast.expr, *args: ast.expr) -> ast.Call:
    """``function(*args)``."""
    return ast.Call(function, list(args), [])


def as_bool(test: ast.expr) -> ast.expr:
    """``test`` as a bool: asked for its truth once, here."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test
    return ast.UnaryOp(ast.Not(), ast.UnaryOp(ast.Not(), test))


def at(place: ast.AST, node: T) -> T:
    """Give ``place``'s position to the nodes of ``node`` that have none.

    What has a position already has had it throughout: nodes come from the source, or through here.
    """
    where = {
        "lineno": getattr(place, "lineno", 1),
        "col_offset": getattr(place, "col_offset", 0),
        "end_lineno": getattr(place, "end_lineno", getattr(place, "lineno", 1)),
        "end_col_offset": getattr(place, "end_col_offset", getattr(place, "col_offset", 0)),
    }
    stack: list[ast.AST] = [node]
    while stack:
        child = stack.pop()
        if "lineno" in child._attributes:
            if hasattr(child, "lineno"):
                continue
            child.__dict__.update(where)
            if isinstance(child, ast.Attribute):
                # A call of a method is on the line where the attribute ends (Python/compile.c,
                # ``update_start_location_to_match_attr``).
                child.end_lineno, child.end_col_offset = child.lineno, child.col_offset
        stack.extend(ast.iter_child_nodes(child))
    return node


def unplaced(text: str) -> list[ast.stmt]:
    """Statements from a text, without positions."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        for name in node._attributes:
            node.__dict__.pop(name, None)
    return tree.body


def parse(place: ast.AST, template: str, **holes: ast.expr | list[ast.stmt]) -> list[ast.stmt]:
    """Statements from a text in which names stand for expressions, or lines of statements."""
    body = _Fill(holes).fill(unplaced(template))
    for statement in body:
        at(place, statement)
    return body


class _Fill(ast.NodeTransformer):
    def __init__(self, holes: dict[str, ast.expr | list[ast.stmt]]) -> None:
        self.holes = holes

    def fill(self, body: list[ast.stmt]) -> list[ast.stmt]:
        module = self.visit(ast.Module(body, []))
        return list(module.body)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        if isinstance(node.value, ast.Name):
            hole = self.holes.get(node.value.id)
            if isinstance(hole, list):
                return hole
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        hole = self.holes.get(node.id)
        if hole is None or isinstance(hole, list):
            return node
        if isinstance(node.ctx, ast.Store) and isinstance(hole, ast.Name):
            return store(hole.id)
        return hole
