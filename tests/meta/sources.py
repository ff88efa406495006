"""What the tests of this folder look at: the product's sources, parsed once."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("kwf_compiler", "kwf_runtime")


@cache
def product_files() -> tuple[Path, ...]:
    """Return the Python files that are installed."""
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    assert len(files) > 50
    return tuple(sorted(files))


@cache
def parse(file: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def relative(file: Path) -> str:
    """Return the name of a file as messages and tables have it."""
    return file.relative_to(ROOT).as_posix()


def module_of(file: Path) -> str:
    """Return the dotted name of a file."""
    parts = list(file.relative_to(ROOT).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)
