"""Build: a normalized function body as blocks.

Goal: control flow around suspensions made explicit. ``finally`` is a completion record
(regenerator's way): a variable that says how the body ended (0 fell through, 1 raised, 2… each jump
out of it), and one copy of the body.

Before::

    try: x = await f()
    finally: await g()

After::

    b0:
      pass
      jump b1
    b1: ! b8
      suspend await f() -> b2
    b2: resume await f() -> x ! b8
      _done1 = 0
      jump b3
    b3:
      suspend await g() -> b4
    b4: resume await g()
      if _done1 == 1 b5 else b6
    b5:
      reraise
    b6:
      jump b7
    b7:
      return
    b8:
      _kwf_f.catch(0)
      _done1 = 1
      switch b3

Handled exceptions form a stack in the frame. A region that handles one more starts with a
``Switch``, so that its step runs while CPython's own ``sys.exception()`` is that one, and ends with
a ``Switch`` back.

Limits: the body must be in await normal form.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kwf_compiler.ir.contexts import Cleanup, Context, Finally, Loop, Region
from kwf_compiler.ir.nodes import (
    Block,
    Branch,
    Depth,
    Jump,
    Next,
    Reraise,
    Resume,
    Return,
    Suspend,
    Switch,
    Unreachable,
)
from kwf_compiler.ir.star import build_star
from kwf_compiler.passes.mark import Function, must_split
from kwf_compiler.passes.names import Names, assign, at, load

FRAME = "_kwf_f"
Suspension = ast.Await | ast.Yield | ast.YieldFrom


def build_blocks(function: Function, names: Names) -> tuple[Block, frozenset[str]]:
    """The entry block of ``function``, and the variables that were brought in."""
    builder = Builder(names, function)
    entry = builder.current = builder.block(function)
    documented = ast.get_docstring(function, clean=False) is not None
    builder.statements(function.body[1:] if documented else function.body)
    if builder.current is not None:
        builder.current.end = Return(None)
    return entry, frozenset(builder.introduced)


class Builder:
    """Adds blocks at ``current``; the contexts say what is around it."""

    def __init__(self, names: Names, function: Function) -> None:
        self.names = names
        names.enter(function)
        self.introduced: set[str] = set()
        self.result = self.fresh("result")
        self.contexts: list[Context] = []
        self.handler: Block | None = None
        self.current: Block | None = None
        self.place: ast.AST = function

    # Helpers

    def fresh(self, stem: str) -> str:
        """A variable of its own."""
        name = self.names.fresh(stem)
        self.introduced.add(name)
        return name

    def block(self, place: ast.AST) -> Block:
        """A new block, covered by the handler of now."""
        return Block(place, self.handler)

    def end(self, terminator: object) -> None:
        """End the current block; what follows is unreachable until a block is started."""
        assert self.current is not None
        self.current.end = terminator  # type: ignore[assignment]
        self.current = None

    def goto(self, target: Block) -> None:
        """Go on at ``target``, unless nothing comes here."""
        if self.current is not None:
            self.end(Jump(target))

    def emit(self, *statements: ast.stmt) -> None:
        """Add native statements to the current block."""
        assert self.current is not None
        for statement in statements:
            self.current.body.append(at(self.place, statement))

    def depth(self, contexts: list[Context] | None = None) -> Depth:
        """How many exceptions are handled here, or in other contexts."""
        inside = self.contexts if contexts is None else contexts
        regions = [c for c in inside if isinstance(c, Region)]
        return Depth(
            sum(r.record is None for r in regions),
            tuple(r.record for r in regions if r.record is not None),
        )

    def unwind(self, target: Block, contexts: list[Context]) -> None:
        """Go to ``target``, which lies in ``contexts``, out of the regions beyond them."""
        beyond = self.contexts[len(contexts) :]
        if any(isinstance(c, Region) for c in beyond):
            self.emit(_frame_call("leave", self.depth(contexts)))
            self.end(Switch(target))
        else:
            self.goto(target)

    def handler_block(self, place: ast.AST, *then: ast.stmt) -> Block:
        """A block that starts to handle the exception raised or thrown in the blocks it covers."""
        block = self.block(place)
        block.body = [at(place, s) for s in (_frame_call("catch", self.depth()), *then)]
        return block

    # Statements

    def statements(self, body: list[ast.stmt]) -> None:
        """Add statements, as far as control reaches them."""
        for statement in body:
            if self.current is None:
                return
            mark = self.names.mark()
            self.statement(statement)
            self.names.release(mark)

    def statement(self, node: ast.stmt) -> None:
        """Add one statement: as it is, or as blocks."""
        self.place = node
        in_loop = any(isinstance(c, Loop) for c in self.contexts)
        in_finally = any(isinstance(c, Finally | Cleanup) for c in self.contexts)
        if not must_split(node, in_loop, in_finally):
            self._native(node)
            return
        self._keep_line(node)
        match node:
            case ast.Expr(value=ast.Await() | ast.Yield() | ast.YieldFrom() as value):
                self._suspend(value, None)
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Await() | ast.Yield() | ast.YieldFrom() as value,
            ):
                self._suspend(value, name)
            case ast.If():
                self._if(node)
            case ast.While():
                self._while(node)
            case ast.For():
                self._for(node)
            case ast.Try() | ast.TryStar():
                self._try(node)
            case ast.Return():
                self._return(node)
            case ast.Break() | ast.Continue():
                self._jump(isinstance(node, ast.Break))
            case _:
                raise AssertionError(f"not in normal form: {ast.unparse(node)}")

    def _keep_line(self, node: ast.stmt) -> None:
        """Leave a statement where CPython has a NOP: debuggers and coverage see its line."""
        assert self.current is not None
        match node:
            case ast.Try() | ast.TryStar() | ast.Break() | ast.Continue():
                pass
            case ast.While(test=test) if _is_true(test):
                pass
            case _:
                return
        before = self.current.body[-1:]
        if not (before and before[0].lineno == node.lineno):
            self.emit(ast.Pass())

    def _native(self, node: ast.stmt) -> None:
        assert self.current is not None
        if isinstance(node, ast.Return):
            self.end(Return(node.value, node))
        elif isinstance(node, ast.Raise):
            self.current.body.append(node)
            self.end(Unreachable())
        else:
            self.current.body.append(node)

    def _suspend(self, node: Suspension, target: str | None) -> None:
        resume = self.block(node)
        resume.resume = Resume(node._kwf_label, target)  # type: ignore[union-attr]
        kinds = {ast.Await: "await", ast.Yield: "yield", ast.YieldFrom: "yield from"}
        self.end(Suspend(kinds[type(node)], node.value, resume))  # type: ignore[arg-type]
        self.current = resume

    def _if(self, node: ast.If) -> None:
        then, orelse, after = (self.block(node) for _ in range(3))
        self.end(Branch(node.test, then, orelse))
        for block, body in ((then, node.body), (orelse, node.orelse)):
            self.current = block
            self.statements(body)
            self.goto(after)
        self.current = after

    def _while(self, node: ast.While) -> None:
        head, body, orelse, after = (self.block(node) for _ in range(4))
        self.goto(head)
        head.end = Jump(body) if _is_true(node.test) else Branch(node.test, body, orelse)
        self.contexts.append(Loop(after, head))
        self.current = body
        self.statements(node.body)
        self.goto(head)
        self.contexts.pop()
        self.current = orelse
        self.statements(node.orelse)
        self.goto(after)
        self.current = after

    def _for(self, node: ast.For) -> None:
        """CPython drops the iterator where a loop is left, so a generator in it is closed there."""
        iterator, item = self.fresh("iter"), self.fresh("next")
        drop = at(node, ast.Delete([ast.Name(iterator, ast.Del())]))
        broken, orelse, after = (self.block(node) for _ in range(3))
        made = ast.Call(ast.Attribute(load("_kwf"), "iter", ast.Load()), [node.iter], [])
        self.emit(at(node.iter, assign(iterator, made)))
        outer = self.handler
        raised = self.handler_block(node, drop)
        raised.end = Reraise()
        self.handler = raised
        head, body = self.block(node), self.block(node)
        self.goto(head)
        head.end = Next(iterator, item, body, orelse)
        broken.body = [drop]
        broken.end = Jump(after)
        body.body = [at(node.target, ast.Assign([node.target], load(item)))]
        self.contexts.append(Loop(broken, head, iterator))
        self.current = body
        self.statements(node.body)
        self.goto(head)
        self.contexts.pop()
        self.handler = outer
        orelse.body = [drop]
        self.current = orelse
        self.statements(node.orelse)
        self.goto(after)
        self.current = after

    # Ways out

    def _jump(self, is_break: bool) -> None:
        for index in range(len(self.contexts) - 1, -1, -1):
            context = self.contexts[index]
            if isinstance(context, Loop):
                self.unwind(
                    context.broken if is_break else context.again, self.contexts[: index + 1]
                )
                return
            if self._leave(context, index, lambda: self._jump(is_break)):
                return

    def _return(self, node: ast.Return) -> None:
        self.emit(assign(self.result, node.value or ast.Constant(None)))
        self._return_result()

    def _return_result(self) -> None:
        for index in range(len(self.contexts) - 1, -1, -1):
            if self._leave(self.contexts[index], index, self._return_result):
                return
        self.end(Return(at(self.place, load(self.result))))

    def _leave(self, context: Context, index: int, go_on: Callable[[], None]) -> bool:
        """Leave one context; true if a ``finally`` takes over, which will ``go_on``."""
        if isinstance(context, Cleanup):
            self.emit(*context.statements())
        if isinstance(context, Loop) and context.iterator is not None:
            self.emit(assign(context.iterator, ast.Constant(None)))
        if not isinstance(context, Finally):
            return False
        context.exits.append(go_on)
        self.emit(assign(context.record, ast.Constant(len(context.exits) + 1)))
        self.unwind(context.entry, self.contexts[:index])
        return True

    # try

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        if not node.finalbody:
            self._try_except(node)
            return
        outer = self.handler
        record = self.fresh("done")
        final, after = self.block(node.finalbody[0]), self.block(node)
        context = Finally(record, final)
        raised = self.handler_block(node.finalbody[0], assign(record, ast.Constant(1)))
        raised.end = Switch(final)
        self.contexts.append(context)
        self.handler = raised
        started = self.block(node)
        self.goto(started)
        self.current = started
        if node.handlers:
            self._try_except(node)
        else:
            self.statements(node.body)
        self.handler = outer
        self.contexts.pop()
        self.place = node.finalbody[0]
        if self.current is not None:
            self.emit(assign(record, ast.Constant(0)))
            self.goto(final)
        self.contexts.append(Region(record))
        self.current = final
        self.statements(node.finalbody)
        self.contexts.pop()
        if self.current is not None:
            self._complete(context, after)
        self.current = after

    def _complete(self, context: Finally, after: Block) -> None:
        """Go on as the completion record says."""
        ways: list[Callable[[], None]] = [lambda: self.end(Reraise()), *context.exits]
        for number, way in enumerate(ways, 1):
            test = ast.Compare(load(context.record), [ast.Eq()], [ast.Constant(number)])
            then, orelse = self.block(self.place), self.block(self.place)
            self.end(Branch(at(self.place, test), then, orelse))
            self.current = then
            way()
            self.current = orelse
        self.goto(after)

    def guarded(self, node: ast.Try | ast.TryStar, caught: Block, outer: Block | None) -> None:
        """The body of a ``try``, whose exceptions go to ``caught``; then its ``else`` starts."""
        self.handler = caught
        started = self.block(node)
        self.goto(started)
        self.current = started
        self.statements(node.body)
        self.handler = outer
        if self.current is not None:
            orelse = self.block(node)
            self.goto(orelse)
            self.current = orelse

    @contextmanager
    def region(self) -> Iterator[None]:
        """What is added meanwhile handles one exception more."""
        self.contexts.append(Region())
        yield
        self.contexts.pop()

    def handled(self) -> ast.expr:
        """The innermost handled exception."""
        handled = ast.Attribute(load(FRAME), "handled", ast.Load())
        return ast.Subscript(handled, ast.UnaryOp(ast.USub(), ast.Constant(1)), ast.Load())

    def handle(self, exc: ast.expr) -> ast.stmt:
        """Handle ``exc`` in the place of the innermost one."""
        depth = depth_expression(self.depth(self.contexts[:-1]))
        function = ast.Attribute(load(FRAME), "handle", ast.Load())
        return ast.Expr(ast.Call(function, [exc, depth], []))

    def _try_except(self, node: ast.Try | ast.TryStar) -> None:
        if isinstance(node, ast.TryStar):
            build_star(self, node)
            return
        outer = self.handler
        after = self.block(node)
        tests = self.block(node.handlers[0])
        caught = self.handler_block(node.handlers[0])
        caught.end = Switch(tests)
        self.guarded(node, caught, outer)
        if self.current is not None:
            self.statements(node.orelse)
            self.goto(after)
        contexts = list(self.contexts)
        with self.region():
            self.current = tests
            for handler in node.handlers:
                self._handler(handler, after, contexts)
                if self.current is None:
                    break
            if self.current is not None:
                self.end(Reraise())
        self.current = after

    def _handler(self, node: ast.ExceptHandler, after: Block, contexts: list[Context]) -> None:
        """One ``except`` clause; leaves as current the block that tests for the next one."""
        self.place = node
        body, following = self.block(node), None
        if node.type is None:
            self.goto(body)
        else:
            following = self.block(node)
            test = ast.Call(ast.Attribute(load(FRAME), "catches", ast.Load()), [node.type], [])
            self.end(Branch(at(node.type, test), body, following))
        self.current = body
        if node.name is None:
            self.statements(node.body)
        else:
            self._named_handler(node, node.name)
        if self.current is not None:
            self.unwind(after, contexts)
        self.current = following

    def _named_handler(self, node: ast.ExceptHandler, name: str) -> None:
        def unbind() -> list[ast.stmt]:
            clear: list[ast.stmt] = [
                assign(name, ast.Constant(None)),
                ast.Delete([ast.Name(name, ast.Del())]),
            ]
            return [at(node, statement) for statement in clear]

        self.emit(assign(name, self.handled()))
        outer = self.handler
        raised = self.handler_block(node, *unbind())
        raised.end = Reraise()
        self.contexts.append(Cleanup(unbind))
        self.handler = raised
        started = self.block(node)
        self.goto(started)
        self.current = started
        self.statements(node.body)
        self.handler = outer
        self.contexts.pop()
        if self.current is not None:
            self.place = node
            ended = self.block(node)
            self.goto(ended)
            self.current = ended
            self.emit(*unbind())


def depth_expression(depth: Depth) -> ast.expr:
    """The number of handled exceptions, as an expression."""
    result: ast.expr | None = (
        ast.Constant(depth.known) if depth.known or not depth.records else None
    )
    for record in depth.records:
        raised = ast.Compare(load(record), [ast.Eq()], [ast.Constant(1)])
        result = raised if result is None else ast.BinOp(result, ast.Add(), raised)
    assert result is not None
    return result


def _frame_call(method: str, depth: Depth) -> ast.stmt:
    function = ast.Attribute(load(FRAME), method, ast.Load())
    return ast.Expr(ast.Call(function, [depth_expression(depth)], []))


def _is_true(test: ast.expr) -> bool:
    return isinstance(test, ast.Constant) and bool(test.value)
