"""Which modules of its own folder a module imports, read from its text.

Limits: imports by name at run time (`importlib`, `__import__`) are not seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path


def find_neighbours(path: Path) -> list[Path]:
    """Return the files that the module imports from its own folder, directly or not, sorted."""
    root = path.parent.resolve()
    seen: set[Path] = set()
    waiting = [path.resolve()]
    while waiting:
        file = waiting.pop()
        for found in _imported_files(file, root):
            if found not in seen and found != path.resolve():
                seen.add(found)
                waiting.append(found)
    return sorted(path.parent / file.relative_to(root) for file in seen)


def _imported_files(file: Path, root: Path) -> Iterator[Path]:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return  # The compiler says so, with the place.
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files_of(root, alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            base = root if node.level == 0 else file.parents[node.level - 1]
            if base.is_relative_to(root):
                module = node.module.split(".") if node.module else []
                yield from _files_of(base, module)
                for alias in node.names:
                    yield from _files_of(base, [*module, alias.name])


def _files_of(base: Path, parts: list[str]) -> Iterator[Path]:
    """Yield the files that an import of the dotted name runs: packages on the way, the module."""
    for depth in range(1, len(parts) + 1):
        place = base.joinpath(*parts[:depth])
        package, module = place / "__init__.py", place.with_suffix(".py")
        if package.is_file():
            yield package
        elif module.is_file():
            yield module
            return
        else:
            return
