"""The passes and their order: the one table.

Everything up to ``anf`` is Python to Python, and its output runs; then each machine becomes blocks,
and the blocks become Python again.

Limits: pure; reads no file. ``hook`` loads modules, ``source`` prints them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from kwf_compiler.analysis.saved import find_saved
from kwf_compiler.diagnostics import CompileError, Diagnostic, Findings, Span
from kwf_compiler.emit.machine import emit_machine
from kwf_compiler.emit.module import EmittedModule, after_future, emit_module
from kwf_compiler.ir.build import build_blocks
from kwf_compiler.ir.nodes import Machine
from kwf_compiler.ir.pprint import print_machine
from kwf_compiler.ir.verify import verify_machine
from kwf_compiler.layout import Layout
from kwf_compiler.passes.anf import normalize_module
from kwf_compiler.passes.desugar import desugar_module
from kwf_compiler.passes.mark import Function, function_kind, mark_module
from kwf_compiler.passes.names import ABI, Names, unplaced
from kwf_compiler.passes.reject import reject_module
from kwf_compiler.passes.scopes import Scope, find_scopes
from kwf_compiler.transform.cells import check_cells
from kwf_compiler.transform.simplify import simplify_blocks

PASSES = ("parse", "mark", "reject", "desugar", "anf", "cfg", "simplify", "liveness", "emit")
"""In this order. Each can be printed: ``kwf compile --emit=PASS``."""


@dataclass
class Compilation:
    """One module on its way through the passes.

    Attributes:
        source: the text.
        filename: as it stands in messages and tracebacks.
        stop: the pass after which to stop, or None.
        printed: what ``stop`` prints.
        emitted: the result.
    """

    source: str
    filename: str
    stop: str | None = None
    printed: list[str] = field(default_factory=list)
    emitted: EmittedModule | None = None

    def run(self) -> Compilation:
        """Run the passes.

        Raises:
            CompileError: with all findings at once.
        """
        tree = parse_module(self.source, self.filename)
        if self._stops("parse", lambda: ast.unparse(tree)):
            return self
        mark_module(tree)
        if self._stops("mark", lambda: _marks(tree)):
            return self
        findings = Findings(self.filename)
        reject_module(tree, findings)
        findings.check()
        if self._stops("reject", lambda: ast.unparse(tree)):
            return self
        names = Names(tree)
        desugar_module(tree, names)
        if self._stops("desugar", lambda: runnable_text(tree)):
            return self
        mark_module(tree)
        normalize_module(tree, names)
        if self._stops("anf", lambda: runnable_text(tree)):
            return self
        scopes = find_scopes(tree, self.filename)
        self.emitted = emit_module(tree, names, lambda f: self._machine(f, names, scopes))
        self._stops("emit", lambda: ast.unparse(tree))
        return self

    def _stops(self, name: str, text: Callable[[], str]) -> bool:
        if self.stop == name:
            self.printed.append(text())
        return self.stop == name

    def _machine(
        self, function: Function, names: Names, scopes: dict[int, Scope]
    ) -> tuple[ast.FunctionDef, Layout]:
        machine = build_machine(function, names, scopes[id(function)])
        self._stops("cfg", lambda: print_machine(machine))
        verify_machine(simplify_blocks(machine))
        check_cells(machine)
        self._stops("simplify", lambda: print_machine(machine))
        saved = find_saved(machine)
        self._stops("liveness", lambda: print_machine(machine, saved))
        return emit_machine(machine, saved)


def parse_module(source: str, filename: str) -> ast.Module:
    """The tree of a source; a syntax error is a diagnostic like others."""
    try:
        tree = ast.parse(source, filename)
        compile(source, filename, "exec", dont_inherit=True)  # errors of the symbol table
    except SyntaxError as error:
        span = Span(filename, error.lineno or 1, error.offset or 1)
        found = Diagnostic("KWF101", span, f"syntax error: {error.msg}")
        raise CompileError([found]) from None
    return tree


def runnable_text(tree: ast.Module) -> str:
    """The text of a Python-to-Python pass, with the import that makes it run."""
    start = after_future(tree)
    added = unplaced(f"import kwf_runtime.abi as {ABI}")
    return ast.unparse(ast.Module([*tree.body[:start], *added, *tree.body[start:]], []))


def build_machine(function: Function, names: Names, scope: Scope) -> Machine:
    """The blocks of a function, verified."""
    kind = function_kind(function)
    assert kind is not None
    entry, introduced = build_blocks(function, names)
    args = function.args
    params = [a.arg for a in (*args.posonlyargs, *args.args)]
    params += [a.arg for a in (args.vararg, *args.kwonlyargs, args.kwarg) if a is not None]
    machine = Machine(
        function=function,
        kind=kind,
        entry=entry,
        params=tuple(name for name in params if name not in scope.cells),
        locals=scope.locals | introduced,
        cells=tuple(sorted(scope.cells)),
        globals=scope.globals,
        nonlocals=scope.nonlocals,
        prefix=scope.prefix,
    )
    verify_machine(machine)
    return machine


def _marks(tree: ast.Module) -> str:
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            kind = function_kind(node) or "native"
            lines.append((node.lineno, f"{node.lineno}: {node.name}: {kind}"))
    return "\n".join(text for _, text in sorted(lines))
