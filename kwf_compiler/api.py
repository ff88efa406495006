"""``compile_source``: a source text to the text of the compiled module, with a map of its lines."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from kwf_compiler.diagnostics import InternalCompilerError
from kwf_compiler.emit.module import EmittedModule
from kwf_compiler.hook import COMPILED_MARK
from kwf_compiler.pipeline import Compilation
from kwf_compiler.source import splice


@dataclass(frozen=True)
class SourceMap:
    """Which line of the source each line of the compiled text stands for."""

    lines: dict[int, int]

    def original_line(self, line: int) -> int | None:
        """The line of the source behind a line of ``.code``; None if the compiler added it."""
        return self.lines.get(line)


@dataclass(frozen=True)
class CompileResult:
    """A compiled module.

    Attributes:
        code: its text.
        source_map: from its lines to those of the source.
    """

    code: str
    source_map: SourceMap


def compile_source(source: str, filename: str) -> CompileResult:
    """Compile a module.

    Args:
        source: its text.
        filename: as messages and tracebacks are to name it.

    Raises:
        CompileError: with every finding.
    """
    if source.startswith(COMPILED_MARK):  # its own lines are all there is
        lines = range(1, source.count("\n") + 2)
        return CompileResult(source, SourceMap(dict(zip(lines, lines, strict=True))))
    emitted = Compilation(source, filename).run().emitted
    assert emitted is not None
    code = splice(source, filename, emitted)
    return CompileResult(code, SourceMap(map_lines(code, emitted)))


def map_lines(code: str, emitted: EmittedModule) -> dict[int, int]:
    """Lines of ``code`` to lines of the tree that it was printed from.

    The text is parsed again: that it gives the same tree proves that the text and what ``kwf run``
    executes are one program.
    """
    lines: dict[int, int] = {}
    added = {id(statement) for statement in (*emitted.head, *emitted.foot)}
    stack: list[tuple[ast.AST, ast.AST, bool]] = [(ast.parse(code), emitted.tree, False)]
    while stack:
        node, original, is_added = stack.pop()
        is_added = is_added or id(original) in added
        if hasattr(node, "lineno") and not is_added:
            lines.setdefault(node.lineno, original.lineno)  # type: ignore[attr-defined]
        children = _children(node), _children(original)
        if type(node) is not type(original) or children[0][0] != children[1][0]:
            raise InternalCompilerError("the printed module is another program; please report this")
        pairs = zip(children[0][1], children[1][1], strict=True)
        stack += reversed([(one, other, is_added) for one, other in pairs])
    return lines


def _children(node: ast.AST) -> tuple[list[object], list[ast.AST]]:
    """What a node is besides its type: its plain fields and the number of the others; these."""
    plain: list[object] = []
    nodes: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        for part in value if isinstance(value, list) else (value,):
            if isinstance(part, ast.AST):
                nodes.append(part)
            else:
                plain.append((name, type(part), part))
        plain.append(len(nodes))
    return plain, nodes
