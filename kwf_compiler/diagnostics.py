"""Diagnostics: what the compiler says about a source, with its place and advice.

All findings of a run are collected and reported at once; each has a code that docs/diagnostics.md
explains. Limits: this module knows positions in text, nothing of Python's grammar.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a source: 1-based line and column (characters)."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: its code (KWFnnn), place, what is wrong, and what to do."""

    code: str
    span: Span
    message: str
    advice: str = ""

    def __str__(self) -> str:
        advice = f"; {self.advice}" if self.advice else ""
        return f"{self.span}: {self.code} {self.message}{advice}"


class CompileError(Exception):
    """The source cannot be compiled.

    Attributes:
        diagnostics: every finding, in the order of the source.
    """

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        super().__init__("\n".join(map(str, diagnostics)))
        self.diagnostics = diagnostics


class InternalCompilerError(Exception):
    """The compiler broke one of its own rules: a bug to report, with the text of this error."""


@dataclass
class Findings:
    """Collects the diagnostics of one file."""

    file: str
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def add(self, code: str, node: ast.AST, message: str, advice: str = "") -> None:
        """Note a finding at ``node``."""
        span = Span(self.file, getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1)
        self.diagnostics.append(Diagnostic(code, span, message, advice))

    def check(self) -> None:
        """Raise all findings there are."""
        if self.diagnostics:
            key = lambda d: (d.span.line, d.span.column, d.code)  # noqa: E731
            raise CompileError(sorted(self.diagnostics, key=key))
