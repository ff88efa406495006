"""Small whole programs at random, in the form of those of tests/programs.

``programs()`` is a hypothesis strategy of source texts. Everything that a program evaluates leaves a line in its
trace, so that what runs in another order, twice, or not at all shows. Loops are bounded; values are small integers.
The first alternative of each choice is the simplest one: what hypothesis shrinks to can be read.

Limits: no mutable globals (a module is imported anew at each suspension), and no asynchronous generator that is left
in the middle of a ``try`` (when it ends is for the collector to say).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from textwrap import indent
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
HEAD = """
import sys

class E1(Exception): pass
class E2(E1): pass
class E3(Exception): pass

def k(p, *args, **kwargs):
    p.log("call", *args, kwargs)
    return len(args) + len(kwargs)

async def f(p, x):
    p.log("f", x)
    y = await p(("f", x))
    return x + 1

def gen(p, n):
    for i in range(n):
        p.log("gen", i)
        yield i
    p.log("gen ends", n)

async def agen(p, n):
    for i in range(n):
        await p(("agen", i))
        yield i

class Box:
    def __init__(self, p):
        self.p = p
        self.items = {}
    def __getitem__(self, key):
        self.p.log("get", key)
        return self.items.get(key, 0)
    def __setitem__(self, key, value):
        self.p.log("set", key, value)
        self.items[key] = value
    def __delitem__(self, key):
        self.p.log("del", key)
    @property
    def x(self):
        self.p.log("get x")
        return self.items.get("x", 0)
    @x.setter
    def x(self, value):
        self.p.log("set x", value)
        self.items["x"] = value

class M:
    def __init__(self, p, name, swallow=False):
        self.p, self.name, self.swallow = p, name, swallow
    def __enter__(self):
        self.p.log("enter", self.name)
        return self.name
    def __exit__(self, kind, exc, tb):
        self.p.log("exit", self.name, exc)
        return self.swallow
    async def __aenter__(self):
        await self.p(("enter", self.name))
        return self.name
    async def __aexit__(self, kind, exc, tb):
        self.p.log("leaving", exc)
        await self.p(("exit", self.name))
        return self.swallow
"""
_ERRORS = ("E1", "E2", "E3")
_CAUGHT = ("E1", "Exception", "E2", "(E1, E3)", "BaseException", "UnboundLocalError")


@dataclass
class Scope:
    """Where the text being written stands."""

    kind: str
    """``coroutine``, ``function``, ``generator`` or ``asyncgen``."""
    names: list[str]
    callees: list[tuple[str, str]] = field(default_factory=list)
    """Functions that can be called: name and kind."""
    depth: int = 0
    loops: int = 0
    tries: int = 0
    in_loop: bool = False
    in_handler: bool = False
    binds: bool = True
    """Not in the iterable of a comprehension: Python has no walrus there."""

    @property
    def is_async(self) -> bool:
        return self.kind in ("coroutine", "asyncgen")

    @property
    def yields(self) -> bool:
        return self.kind in ("generator", "asyncgen")

    def inside(self, **changes: object) -> Scope:
        made = Scope(self.kind, self.names, self.callees, self.depth, self.loops, self.tries)
        made.in_loop, made.in_handler, made.binds = self.in_loop, self.in_handler, self.binds
        for name, value in changes.items():
            setattr(made, name, value)
        return made


class Writer:
    """Draws one program."""

    def __init__(self, draw: Callable[[st.SearchStrategy[object]], object]) -> None:
        self.draw = draw
        self.number = 0
        self.budget = self.integer(3, 30)

    # Choices

    def integer(self, low: int, high: int) -> int:
        return int(self.draw(st.integers(low, high)))  # type: ignore[call-overload, no-any-return]

    def pick(self, *options: T) -> T:
        return options[self.integer(0, len(options) - 1)]

    def chance(self, one_in: int) -> bool:
        return self.integer(0, one_in - 1) == one_in - 1

    def fresh(self) -> int:
        self.number += 1
        return self.number

    # Expressions: each an integer, or an error

    def expr(self, scope: Scope, depth: int = 2) -> str:
        if depth == 0 or self.chance(4):
            return self.pick(str(self.fresh()), *scope.names[:2], *scope.names)
        if scope.is_async and self.chance(2):
            return self.awaited(scope, depth)
        if scope.yields and self.chance(2):
            return f"(yield {self.expr(scope, depth - 1)})"
        options = (
            self.call, self.binary, self.choice, self.compare, self.display, self.text,
            self.boxed, self.walrus, self.comprehension, self.function_call, self.lambda_call,
        )  # fmt: skip
        return self.pick(*options)(scope, depth - 1)

    def awaited(self, scope: Scope, depth: int) -> str:
        value = self.expr(scope, depth - 1)
        return self.pick(f"(await p({value}))", f"(await f(p, {value}))")

    def call(self, scope: Scope, depth: int) -> str:
        args = [self.expr(scope, depth) for _ in range(self.integer(1, 3))]
        named = ("x{n}={}", "**{{'y{n}': {}}}")
        shapes: tuple[str, ...] = ("{}", "{}", "*[{}]", *named)
        given = []
        for arg in args:
            shape = self.pick(*shapes)
            if shape in named:
                shapes = named  # a positional argument cannot follow
            given.append(shape.format(arg, n=self.fresh()))
        return f"k(p, {', '.join(given)})"

    def binary(self, scope: Scope, depth: int) -> str:
        operator = self.pick("+", "-", "and", "or", "<", "==")
        return f"({self.expr(scope, depth)} {operator} {self.expr(scope, depth)})"

    def choice(self, scope: Scope, depth: int) -> str:
        then, test, orelse = (self.expr(scope, depth) for _ in range(3))
        return f"({then} if {test} % 2 else {orelse})"

    def compare(self, scope: Scope, depth: int) -> str:
        a, b, c = (self.expr(scope, depth) for _ in range(3))
        return f"({a} < {b} != {c})"

    def display(self, scope: Scope, depth: int) -> str:
        a, b = self.expr(scope, depth), self.expr(scope, depth)
        return self.pick(
            f"({a}, {b})[0]",
            f"[*[{a}], {b}][-1]",
            f"len({{{a}: {b}, 'k': {self.number}}})",
            f"len({{{a}, {b}}})",
            f"[0, 1, 2][{a} % 2:{b}:1].__len__()",
            f"(not {a}) + -{b}",
        )

    def text(self, scope: Scope, depth: int) -> str:
        a, b = self.expr(scope, depth), self.expr(scope, depth)
        if "'" in a + b:  # Python 3.11 has no quotes in quotes
            return f"({a} * {b})"
        return self.pick(f"len(f'{{{a}}} {{{b}!r}}')", f"len(f'{{{a}:>{{{b}}}}}')")

    def boxed(self, scope: Scope, depth: int) -> str:
        return self.pick("o.x", f"o[{self.expr(scope, depth)}]")

    def walrus(self, scope: Scope, depth: int) -> str:
        if not scope.binds:
            return self.binary(scope, depth)
        names = [name for name in scope.names if name != "i"]
        return f"({self.pick(*names)} := {self.expr(scope, depth)})"

    def comprehension(self, scope: Scope, depth: int) -> str:
        names = [*scope.names, "i"]
        element = self.expr(scope.inside(names=names, kind=self.inner_kind(scope)), depth)
        source = self.iterable(scope.inside(binds=False), depth)
        test = ""
        if self.chance(3):
            inner = scope.inside(names=names, kind=self.inner_kind(scope))
            test = f" if {self.expr(inner, depth)} != 1"
        loop = f"for i in {source}{test}"
        if scope.is_async and self.chance(4):
            loop = f"async for i in agen(p, 2){test}"
        return self.pick(
            f"sum([{element} {loop}])",
            f"len({{{element} {loop}}})",
            f"len({{i: {element} {loop}}})",
            f"sum([i async for i in ({element} {loop})])"
            if scope.is_async and ("await" in element + test or "async" in element + loop)
            else (f"sum([{element} {loop}])" if "async" in loop else f"sum({element} {loop})"),
        )

    def inner_kind(self, scope: Scope) -> str:
        return "coroutine" if scope.is_async else "function"

    def iterable(self, scope: Scope, depth: int) -> str:
        options = [f"range({self.integer(0, 3)})", f"[{self.expr(scope, depth)}, 2]"]
        options.append(f"gen(p, {self.integer(0, 2)})")
        options += [f"{name}(1)" for name, kind in scope.callees if kind == "generator"]
        return self.pick(*options)

    def function_call(self, scope: Scope, depth: int) -> str:
        options = [
            f"(await {name}({{}}))" if kind == "coroutine" else f"{name}({{}})"
            for name, kind in scope.callees
            if kind == "function" or (kind == "coroutine" and scope.is_async)
        ]
        if not options:
            return self.binary(scope, depth)
        return self.pick(*options).format(self.expr(scope, depth))

    def lambda_call(self, scope: Scope, depth: int) -> str:
        inner = scope.inside(names=[*scope.names, "z"], kind="function")
        body, default = self.expr(inner, depth), self.expr(scope, depth)
        return f"(lambda z={default}: {body})()"

    # Statements

    def block(self, scope: Scope, least: int = 1) -> str:
        lines = []
        for _ in range(self.integer(least, 4)):
            if self.budget > 0 or not lines:
                self.budget -= 1
                lines.append(self.statement(scope))
        return "\n".join(lines) or "pass"

    def statement(self, scope: Scope) -> str:
        simple = [self.log, self.assign, self.awaiting, self.augment, self.unpack, self.jump]
        rare = [self.delete, self.asserting, self.annotate, self.handled, self.bind_many]
        compound = [self.if_, self.try_, self.for_, self.while_, self.with_, self.try_, self.match]
        if scope.depth >= 4 or self.budget <= 0 or self.chance(2):
            return self.pick(*simple, self.pick(*rare))(scope)
        if scope.depth < 2 and self.chance(5):
            return self.define(scope)
        return self.pick(*compound)(scope)

    def nested(self, scope: Scope, **changes: object) -> str:
        inner = scope.inside(depth=scope.depth + 1, **changes)
        return indent(self.block(inner), "    ")

    def log(self, scope: Scope) -> str:
        return f"p.log({self.fresh()}, {self.expr(scope)})"

    def assign(self, scope: Scope) -> str:
        return f"{self.pick(*scope.names)} = {self.expr(scope)}"

    def awaiting(self, scope: Scope) -> str:
        if scope.yields and not (scope.is_async and self.chance(2)):
            if scope.kind == "generator" and self.chance(4):
                return f"{self.pick(*scope.names)} = yield from gen(p, 2)"
            return f"yield {self.expr(scope, 1)}"
        return f"await p({self.expr(scope, 1)})" if scope.is_async else self.log(scope)

    def place(self, scope: Scope) -> str:
        return self.pick(*scope.names, "o.x", f"o[{self.expr(scope, 1)}]")

    def augment(self, scope: Scope) -> str:
        return f"{self.place(scope)} {self.pick('+=', '-=')} {self.expr(scope)}"

    def unpack(self, scope: Scope) -> str:
        a, b, c = (self.place(scope) for _ in range(3))
        x, y, z = (self.expr(scope, 1) for _ in range(3))
        return self.pick(f"{a}, {b} = {x}, {y}", f"{a}, ({b}, *o.rest), {c} = {x}, [{y}], {z}")

    def bind_many(self, scope: Scope) -> str:
        return f"{self.place(scope)} = {self.place(scope)} = {self.expr(scope)}"

    def delete(self, scope: Scope) -> str:
        return f"del {self.pick(*scope.names, f'o[{self.expr(scope, 1)}]')}"

    def asserting(self, scope: Scope) -> str:
        return f"assert {self.expr(scope)} % 3, {self.expr(scope, 1)}"

    def annotate(self, scope: Scope) -> str:
        return f"o.x: k = {self.expr(scope)}"

    def handled(self, scope: Scope) -> str:
        return f"p.log({self.fresh()}, sys.exc_info()[1])"

    def jump(self, scope: Scope) -> str:
        options = [self.raise_(scope)]
        if scope.kind == "asyncgen":
            options.append("return")
        else:
            options.append(f"return {self.expr(scope)}")
        if scope.in_loop:
            options += ["break", "continue"]
        return self.pick(*options)

    def raise_(self, scope: Scope) -> str:
        if scope.in_handler and self.chance(3):
            return "raise"
        cause = self.pick("", "", f" from E3({self.expr(scope, 1)})", " from None")
        return f"raise {self.pick(*_ERRORS)}({self.expr(scope, 1)}){cause}"

    def if_(self, scope: Scope) -> str:
        text = f"if {self.expr(scope)} % 2:\n{self.nested(scope)}"
        if self.chance(3):
            text += f"\nelif {self.expr(scope)}:\n{self.nested(scope)}"
        if self.chance(2):
            text += f"\nelse:\n{self.nested(scope)}"
        return text

    def orelse(self, scope: Scope) -> str:
        return f"\nelse:\n{self.nested(scope)}" if self.chance(3) else ""

    def for_(self, scope: Scope) -> str:
        inner = {"in_loop": True, "loops": scope.loops + 1}
        if scope.loops >= 2:
            return self.if_(scope)
        if scope.is_async and self.chance(3):
            sources = ["agen(p, 2)"]
            sources += [f"{name}(1)" for name, kind in scope.callees if kind == "asyncgen"]
            head = f"async for {self.place(scope)} in {self.pick(*sources)}:"
        else:
            head = f"for {self.place(scope)} in {self.iterable(scope, 1)}:"
        return f"{head}\n{self.nested(scope, **inner)}{self.orelse(scope)}"

    def while_(self, scope: Scope) -> str:
        if scope.loops >= 2:
            return self.if_(scope)
        count = f"w{self.fresh()}"
        body = self.nested(scope, in_loop=True, loops=scope.loops + 1)
        test = f" and {self.expr(scope, 1)} != 1" if self.chance(2) else ""
        head = f"{count} = 0\nwhile ({count} := {count} + 1) < 3{test}:"
        return f"{head}\n{body}{self.orelse(scope)}"

    def try_(self, scope: Scope) -> str:
        if scope.kind == "asyncgen":
            return self.if_(scope)
        text = f"try:\n{self.nested(scope)}"
        handlers = self.integer(0, 2)
        for _ in range(handlers):
            kind = self.pick(*_CAUGHT)
            if scope.is_async and self.chance(8):
                kind = f"({self.awaited(scope, 1)}, {kind})[1]"
            name, shown = "", ""
            if self.chance(2):
                name, shown = " as e", f"    p.log({self.fresh()}, e)\n"
            text += f"\nexcept {kind}{name}:\n{shown}{self.nested(scope, in_handler=True)}"
        if handlers and self.chance(4):
            text += f"\nelse:\n{self.nested(scope)}"
        if not handlers or self.chance(2):
            text += f"\nfinally:\n{self.nested(scope)}"
        return text

    def with_(self, scope: Scope) -> str:
        if scope.kind == "asyncgen":
            return self.if_(scope)
        items = []
        for _ in range(self.integer(1, 2)):
            swallow = self.pick("", "", ", True")
            target = f" as {self.place(scope)}" if self.chance(2) else ""
            items.append(f"M(p, {self.expr(scope, 1)}{swallow}){target}")
        word = "async with" if scope.is_async and self.chance(2) else "with"
        return f"{word} {', '.join(items)}:\n{self.nested(scope)}"

    def match(self, scope: Scope) -> str:
        text = f"match {self.expr(scope)} % 3:"
        for number in range(self.integer(1, 2)):
            guard = f" if {self.expr(scope, 1)}" if self.chance(2) else ""
            pattern = self.pick(str(number), "0 | 1", f"{scope.names[-1]}" if guard else "1")
            text += f"\n    case {pattern}{guard}:\n{indent(self.nested(scope), '    ')}"
        return text + f"\n    case _:\n{indent(self.nested(scope), '    ')}"

    def define(self, scope: Scope) -> str:
        kinds = ["function", "coroutine", "generator", "asyncgen"]
        kind, name = self.pick(*kinds), f"h{self.fresh()}"
        inner = Scope(kind, ["x", *scope.names[:3], "y"], list(scope.callees), scope.depth + 1)
        shared = [n for n in scope.names[:2] if n in ("a", "b", "x")]
        outer = self.pick([], shared[:1], shared)
        if "x" in outer:
            outer = []
        head = f"    nonlocal {', '.join(outer)}\n" if outer else ""
        for captured in scope.names[:3]:
            if captured not in outer and captured != "x" and self.chance(2):
                inner.names.remove(captured)
        if not outer:
            inner.names = ["x", "y"]
        word = "async def" if inner.is_async else "def"
        body = indent(self.block(inner), "    ")
        last = "    yield x" if inner.yields else "    return x"
        scope.callees.append((name, kind))
        return f"{word} {name}(x):\n{head}{body}\n{last}"

    def program(self) -> str:
        scope = Scope("coroutine", ["a", "b", "c"])
        body = indent(self.block(scope, 2), "    ")
        script = ["SCRIPT = list(range(10, 1010))"]
        for _ in range(self.integer(0, 2)):
            answer = self.pick("E1('thrown')", "E3('thrown')", "GeneratorExit")
            script.append(f"SCRIPT[{self.integer(0, 12)}] = {answer}")
        main = f"async def main(p):\n    a, b, o = 0, 1, Box(p)\n{body}\n    return a, b\n"
        return "\n".join((HEAD, main, *script, ""))


@st.composite
def programs(draw: Callable[[st.SearchStrategy[object]], object]) -> str:
    """The source of a program."""
    return Writer(draw).program()
