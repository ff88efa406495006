"""Compile the durable library: kwf_runtime/lib/*.py into kwf_runtime/lib/_compiled/.

The output is committed, so that deployments need no compiler. Run it after a change of a source or
of the compiler's output; ``--check`` only tells whether it is current.

Limits: imports the compiler alone, so it works whatever state the compiled library is in.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from kwf_compiler import compile_source

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "kwf_runtime" / "lib"
HEADER = """\
# kwf: compiled
# Generated from {} by tools/build_lib.py: not for editing.
# fmt: off
# ruff: noqa
# mypy: ignore-errors
"""
PACKAGE_TEXT = '"""The durable library, compiled by tools/build_lib.py: not for editing."""\n'


def source_names() -> list[str]:
    """Return the names of the modules to compile, as the package's ``SOURCES`` lists them."""
    tree = ast.parse((FOLDER / "__init__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "SOURCES":
            assert node.value is not None
            return list(ast.literal_eval(node.value))
    raise LookupError(f"{FOLDER / '__init__.py'} has no SOURCES")


def build() -> dict[Path, str]:
    """Return the text of each file of the compiled library."""
    files = {FOLDER / "_compiled" / "__init__.py": PACKAGE_TEXT}
    for name in source_names():
        source = FOLDER / f"{name}.py"
        path = source.relative_to(ROOT).as_posix()
        code = compile_source(source.read_text(encoding="utf-8"), path).code
        files[FOLDER / "_compiled" / f"{name}.py"] = HEADER.format(path) + code
    return files


def stale_files() -> list[Path]:
    """Return the files that differ from what would be built."""
    return [
        path
        for path, text in build().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Build, or with ``--check`` tell what is out of date."""
    if arguments == ["--check"]:
        stale = stale_files()
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: run python tools/build_lib.py")
        return 1 if stale else 0
    if arguments:
        print("usage: python tools/build_lib.py [--check]", file=sys.stderr)
        return 2
    (FOLDER / "_compiled").mkdir(exist_ok=True)
    for path, text in build().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
