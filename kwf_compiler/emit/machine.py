"""Emit: the machine of one function, as the ``def`` that takes its place.

Goal: a step runs native statements on native locals. What is live at a suspension is spilled to
``_f.slots`` there and reloaded where the step resumes. See docs/architecture.md 1 for the protocol
of a step.

A block that only one other leads to is written in its place; the others are cases of ``_pc``.

Limits: prints nothing; makes ``ast`` nodes whose positions are those of the source they stand for.
"""

from __future__ import annotations

import ast

from kwf_compiler.analysis.saved import Saved
from kwf_compiler.ir.build import FRAME
from kwf_compiler.ir.nodes import (
    Block,
    Branch,
    Jump,
    Machine,
    Next,
    Reraise,
    Return,
    Suspend,
    Switch,
)
from kwf_compiler.layout import Layout, make_layout
from kwf_compiler.passes.desugar import declare_local
from kwf_compiler.passes.mark import is_function
from kwf_compiler.passes.names import abi, assign, at, bound_here, call, define, load, store
from kwf_compiler.passes.scopes import mangle

STEP = "_kwf_step"
VALUE, THROWN, PC, CAUGHT, RESULT = "_kwf_v", "_kwf_x", "_kwf_pc", "_kwf_c", "_kwf_r"
SHORT = {name: name.removeprefix("_kwf") for name in (FRAME, VALUE, THROWN, PC, CAUGHT, RESULT)}
"""How these are spelled in a module that does not use the short names itself."""
ENDED = -1
_CLASSES = {"coroutine": "Coroutine", "generator": "Generator", "asyncgen": "AsyncGenerator"}
_CHAIN = 6
"""So many cases are tested one after the other; more are split in halves."""
_NESTED = 12
"""So deep are blocks written inside of others: CPython's parser takes 100 levels."""


def emit_machine(machine: Machine, saved: dict[Block, Saved]) -> tuple[ast.FunctionDef, Layout]:
    """The function that makes frames of ``machine``, and the layout of those frames."""
    emitter = _Emitter(machine, saved)
    step = emitter.step()
    source = machine.function
    docstring = ast.get_docstring(source, clean=False)
    body: list[ast.stmt] = [source.body[0]] if docstring is not None else []
    arguments = {a.arg for a in ast.walk(source.args) if isinstance(a, ast.arg)}
    cells = [name for name in machine.cells if name not in arguments]
    body += [ast.AnnAssign(store(name), abi("Cell"), None, 1) for name in cells]
    slots = ast.Tuple([load(name) for name in machine.params], ast.Load())
    made = call(abi(_CLASSES[machine.kind]), load(STEP), slots)
    body += [step, ast.Return(made)]
    fields = {name: getattr(source, name) for name in source._fields if hasattr(source, name)}
    fields |= {"body": body, "decorator_list": [*source.decorator_list, abi(machine.kind)]}
    function = at(source, ast.FunctionDef(**fields))
    ast.copy_location(function, source)
    return function, make_layout(machine, emitter.resumes, saved)


class _Emitter:
    def __init__(self, machine: Machine, saved: dict[Block, Saved]) -> None:
        self.machine = machine
        self.saved = saved
        self.blocks = machine.blocks()
        resumes = [block for block in self.blocks if block.resume is not None]
        self.resumes = sorted(resumes, key=_position)
        self._number()

    def _number(self) -> None:
        entries: dict[Block, int] = {self.machine.entry: 2}
        self.switched: set[Block] = set()
        for block in self.blocks:
            if isinstance(block.end, Switch):
                self.switched.add(block.end.target)
            targets = [] if isinstance(block.end, Switch | Suspend) else block.successors()
            handler = [block.handler] if block.handler is not None else []
            for target in [*targets, *handler]:
                entries[target] = entries.get(target, 0) + 1
        handlers = {block.handler for block in self.blocks if block.handler is not None}
        self.inline: set[Block] = set()
        for block in self.blocks:
            if block.resume is None and block not in self.switched and block not in handlers:
                before = [b for b in self.blocks if block in b.successors()]
                if entries.get(block) == 1 and before[0].handler is block.handler:
                    self.inline.add(block)
        # A block that is switched to, and jumped to as well, reloads in a landing of its own.
        self.landings: dict[Block, int] = {}
        number = 0
        self.machine.entry.number = 0
        for number, block in enumerate(self.resumes, 1):
            block.number = number
        for block in self.blocks:
            if block.resume is None and block is not self.machine.entry:
                number += 1
                block.number = number
                if block in self.switched and entries.get(block):
                    number += 1
                    self.landings[block] = number
        self.count = number + 1

    # The step

    def step(self) -> ast.FunctionDef:
        machine = self.machine
        self.jumps = False
        waiting = [block for block in self.blocks if block not in self.inline]
        self.late: list[Block] = []
        cases = []
        while waiting:
            cases += [(block.number, self._case(block)) for block in waiting]
            waiting, self.late = self.late, []
        cases += [(number, self._landing(block)) for block, number in self.landings.items()]
        body = self._dispatch(sorted(cases, key=lambda case: case[0]))
        if any(block.handler is not None for block in self.blocks):
            body = [self._guard(body)]
            self.jumps = True
        if self.jumps:
            body = [ast.While(ast.Constant(True), body, [])]
        head: list[ast.stmt] = []
        if machine.globals:
            head.append(ast.Global(list(machine.globals)))
        if machine.nonlocals or machine.cells:
            head.append(ast.Nonlocal(sorted({*machine.nonlocals, *machine.cells})))
        head += [declare_local(name) for name in sorted(self._unbound(body))]
        head.append(assign(PC, ast.Attribute(load(FRAME), "pc", ast.Load())))
        args = ast.arguments(
            [], [ast.arg(n) for n in (FRAME, VALUE, THROWN)], None, [], [], None, []
        )
        return at(machine.function, define(ast.FunctionDef, STEP, args, [*head, *body]))

    def _unbound(self, body: list[ast.stmt]) -> set[str]:
        """Variables that are read, but bound only by statements that nothing reaches."""
        used = [node for s in body for node in ast.walk(s) if isinstance(node, ast.Name)]
        read = {node.id for node in used if isinstance(node.ctx, ast.Load)}
        return (read & self.machine.locals) - bound_here(body)

    def _dispatch(self, cases: list[tuple[int, list[ast.stmt]]]) -> list[ast.stmt]:
        if len(cases) == 1:
            return cases[0][1]
        if len(cases) > _CHAIN:
            middle = len(cases) // 2
            test = ast.Compare(load(PC), [ast.Lt()], [ast.Constant(cases[middle][0])])
            halves = self._dispatch(cases[:middle]), self._dispatch(cases[middle:])
            return [ast.If(test, *halves)]
        out: list[ast.stmt] = []
        for number, body in reversed(cases[:-1]):
            rest = out or cases[-1][1]
            test = ast.Compare(load(PC), [ast.Eq()], [ast.Constant(number)])
            out = [ast.If(test, body, rest)]
        return out

    def _guard(self, body: list[ast.stmt]) -> ast.stmt:
        table = [-1] * self.count
        for block in self.blocks:
            if block.handler is not None:
                table[block.number] = block.handler.number
        handlers = ast.Tuple([_int(number) for number in table], ast.Load())
        test = ast.Compare(load(PC), [ast.Lt()], [ast.Constant(0)])
        caught: list[ast.stmt] = [
            assign(PC, ast.Subscript(handlers, load(PC), ast.Load())),
            ast.If(test, [ast.Raise(None, None)], []),
            ast.Assign([_frame("thrown", ast.Store())], load(CAUGHT)),
        ]
        handler = ast.ExceptHandler(load("BaseException"), CAUGHT, caught)
        handler.type = abi("BaseException")
        return ast.Try(body, [handler], [], [])

    # Blocks

    def _case(self, block: Block) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        if block.resume is not None:
            out += self._reload(block)
            out.append(ast.If(load(THROWN), self._thrown(block), []))
            if block.resume.target is not None:
                out.append(assign(block.resume.target, load(VALUE)))
        elif block in self.switched and block not in self.landings:
            out += self._reload(block)
        elif block is self.machine.entry:
            out += self._reload_names(self.machine.params, frozenset())
        for statement in out:
            at(block.place, statement)
        return [*out, *self._run(block, 0)]

    def _landing(self, block: Block) -> list[ast.stmt]:
        return [at(block.place, s) for s in (*self._reload(block), *self._goto(block))]

    def _reload(self, block: Block) -> list[ast.stmt]:
        saved = self.saved[block]
        return self._reload_names(saved.names, saved.unsure)

    def _reload_names(self, names: tuple[str, ...], unsure: frozenset[str]) -> list[ast.stmt]:
        if not names:
            return []
        slots = ast.Tuple([store(name) for name in names], ast.Store())
        out: list[ast.stmt] = [ast.Assign([slots], _frame("slots"))]
        # What is dropped from now on is no longer held by the frame.
        out.append(ast.Assign([_frame("slots", ast.Store())], ast.Tuple([], ast.Load())))
        for name in names:
            if name in unsure:
                test = ast.Compare(load(name), [ast.Is()], [abi("UNBOUND")])
                out.append(ast.If(test, [ast.Delete([ast.Name(name, ast.Del())])], []))
        return out

    def _thrown(self, block: Block) -> list[ast.stmt]:
        if block.handler is None:
            return [ast.Return(call(_frame("fail")))]
        return [
            ast.Expr(call(_frame("through"))),
            assign(THROWN, ast.Constant(False)),
            *self._goto(block.handler),
        ]

    def _goto(self, block: Block) -> list[ast.stmt]:
        self.jumps = True
        return [assign(PC, ast.Constant(block.number)), ast.Continue()]

    def _follow(self, block: Block, place: ast.AST, nested: int) -> list[ast.stmt]:
        """Go on at ``block``: in place if that is the only way to it."""
        if block in self.inline:
            if nested < _NESTED:
                return self._run(block, nested)
            self.inline.discard(block)
            self.late.append(block)
        return [at(place, statement) for statement in self._goto(block)]

    def _run(self, block: Block, nested: int) -> list[ast.stmt]:
        """The statements of a block and what follows it."""
        out: list[ast.stmt] = []
        for statement in block.body:
            out += _end_at_returns(statement)
        place = block.body[-1] if block.body else block.place
        match block.end:
            case Jump(target):
                return out + self._follow(target, place, nested)
            case Switch(target):
                number = self.landings.get(target, target.number)
                ending = [*self._spill(target, number), ast.Return(abi("SWITCH"))]
            case Branch(test, then, orelse):
                return [*out, *self._branch(test, then, orelse, nested)]
            case Next(iterator, item, body, done):
                step = call(abi("next"), load(iterator), abi("END"))
                test = ast.Compare(load(item), [ast.Is()], [abi("END")])
                place = block.place
                fetch = at(place, assign(item, step))
                return [*out, fetch, *self._branch(at(place, test), done, body, nested)]
            case Suspend():
                return [*out, *self._suspend(block.end)]
            case Return(value, returning):
                place = returning or place
                at_end = ast.Assign([_frame("pc", ast.Store())], _int(ENDED))
                ending = [at_end, ast.Return(value or ast.Constant(None))]
            case Reraise():
                if block.handler is None:
                    ending = [ast.Return(call(_frame("reraise")))]
                else:
                    ending = [ast.Expr(call(_frame("rethrow"))), *self._goto(block.handler)]
            case _:
                ending = []
        return out + [at(place, statement) for statement in ending]

    def _branch(self, test: ast.expr, then: Block, orelse: Block, nested: int) -> list[ast.stmt]:
        yes = self._follow(then, test, nested + 1)
        no = self._follow(orelse, test, nested)
        return [at(test, ast.If(test, yes, [])), *no]

    def _suspend(self, end: Suspend) -> list[ast.stmt]:
        place = end.resume.place
        operand = end.operand or ast.Constant(None)
        spill = self._spill(end.resume, end.resume.number)
        if end.kind == "yield from":
            delegate = call(abi("delegate"), operand)
            first: ast.stmt = ast.Assign([_frame("delegate", ast.Store())], delegate)
            result: ast.expr = abi("SWITCH")
        else:
            if end.kind == "yield" and self.machine.kind == "asyncgen":
                operand = call(abi("Yielded"), operand)
            first, result = assign(RESULT, operand), load(RESULT)
        return [at(place, statement) for statement in (first, *spill, ast.Return(result))]

    def _spill(self, block: Block, number: int) -> list[ast.stmt]:
        saved = self.saved[block]
        values: list[ast.expr] = [
            call(
                ast.Attribute(call(abi("locals")), "get", ast.Load()),
                ast.Constant(mangle(n, self.machine.prefix)),
                abi("UNBOUND"),
            )
            if n in saved.unsure
            else load(n)
            for n in saved.names
        ]
        return [
            ast.Assign([_frame("pc", ast.Store())], ast.Constant(number)),
            ast.Assign([_frame("slots", ast.Store())], ast.Tuple(values, ast.Load())),
        ]


def _frame(attribute: str, context: ast.expr_context | None = None) -> ast.Attribute:
    return ast.Attribute(load(FRAME), attribute, context or ast.Load())


def _int(number: int) -> ast.expr:
    if number < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-number))
    return ast.Constant(number)


def _position(block: Block) -> tuple[int, int]:
    return getattr(block.place, "lineno", 0), getattr(block.place, "col_offset", 0)


def _end_at_returns(statement: ast.stmt) -> list[ast.stmt]:
    """A native statement whose ``return``s end the frame."""
    changed = _Returns().visit(statement)
    return changed if isinstance(changed, list) else [changed]


class _Returns(ast.NodeTransformer):
    def visit_Return(self, node: ast.Return) -> list[ast.stmt]:
        end = ast.Assign([_frame("pc", ast.Store())], _int(ENDED))
        return [at(node, end), node]

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if is_function(node) or isinstance(node, ast.ClassDef | ast.expr):
            return node
        return super().generic_visit(node)
