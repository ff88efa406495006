"""Who may import whom: docs/architecture.md, section 4, as a table.

Imports for type checkers alone do not count; those inside of functions do, for they are made as well.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.meta.sources import PACKAGES, module_of, parse, product_files, relative


@dataclass(frozen=True)
class Layer:
    """What a part may import, besides itself and the standard library."""

    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()


_API = ("kwf_runtime.core", "kwf_runtime.errors", "kwf_runtime.lib", "kwf_runtime.serial")

# The longest name that a module's name begins with is its layer.
LAYERS = {
    # The compiler knows the runtime by the names that it writes, not by imports.
    "kwf_compiler": Layer(theirs=("libcst",)),
    # Pure: no I/O, no clock, no logging, nothing of others.
    "kwf_runtime.errors": Layer(("kwf_runtime.core.savable",)),
    "kwf_runtime.core": Layer(("kwf_runtime.errors", "kwf_runtime.jsonout")),
    "kwf_runtime.jsonout": Layer(("kwf_runtime.errors",)),
    "kwf_runtime.wire": Layer(("kwf_runtime.core.events", "kwf_runtime.errors")),
    # Types and bytes, no threads.
    "kwf_runtime.serial": Layer(("kwf_runtime.core", "kwf_runtime.errors"), ("msgpack",)),
    # What generated code and workflows call.
    "kwf_runtime.code": Layer(("kwf_runtime.serial",)),
    "kwf_runtime.abi": Layer(("kwf_runtime.code", *_API)),
    "kwf_runtime.lib": Layer(("kwf_runtime.abi", "kwf_runtime.core", "kwf_runtime.errors")),
    "kwf_runtime.aio": Layer(_API),
    "kwf_runtime.ctx": Layer(_API),
    "kwf_runtime.combinators": Layer(_API),
    "kwf_runtime.api": Layer(("kwf_runtime.jsonout", "kwf_runtime.mock", *_API)),
    "kwf_runtime.mock": Layer(
        ("kwf_runtime.api", "kwf_runtime.jsonout", "kwf_runtime.testing", "kwf_runtime.wire", *_API)
    ),
    "kwf_runtime.testing": Layer(("kwf_runtime.api", "kwf_runtime.wire", *_API)),
    "kwf_runtime": Layer(("kwf_runtime.api", "kwf_runtime.combinators", "kwf_runtime.errors")),
    # The outside world.
    "kwf_runtime.version": Layer(),
    "kwf_runtime.java_properties": Layer(),
    "kwf_runtime.settings": Layer(
        ("kwf_runtime.errors", "kwf_runtime.java_properties"), ("javaproperties",)
    ),
    "kwf_runtime.loader": Layer(("kwf_compiler", "kwf_runtime.core", "kwf_runtime.errors")),
    "kwf_runtime.runners": Layer(
        (
            "kwf_runtime.core",
            "kwf_runtime.errors",
            "kwf_runtime.serial",
            "kwf_runtime.settings",
            "kwf_runtime.wire",
        ),
        ("apsw", "confluent_kafka", "msgpack", "rocksdict"),
    ),
    "kwf_runtime.cli": Layer(
        (
            "kwf_compiler",
            "kwf_runtime.errors",
            "kwf_runtime.loader",
            "kwf_runtime.runners",
            "kwf_runtime.serial",
            "kwf_runtime.settings",
            "kwf_runtime.version",
            "kwf_runtime.wire",
        ),
        ("apsw", "click", "confluent_kafka"),
    ),
}

# Modules of the standard library that touch the world or the clock: not for the core.
IMPURE = frozenset(
    "asyncio.subprocess datetime io logging os pathlib random secrets shutil socket sqlite3 ssl "
    "subprocess tempfile time urllib uuid".split()
)


@dataclass(frozen=True)
class Import:
    """One import: what it names, where, and whether it is made only when a function runs."""

    name: str
    line: int
    lazy: bool


def imports_of(file: Path) -> Iterator[Import]:
    """Yield what a file imports when it runs, as dotted names of modules."""
    known = {module_of(other) for other in product_files()}
    package = module_of(file) if file.name == "__init__.py" else module_of(file).rpartition(".")[0]
    for node, lazy in walk(parse(file), False):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, lazy)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] + "." if node.level else ""
            module = f"{base}{node.module or ''}".rstrip(".")
            for alias in node.names:
                name = f"{module}.{alias.name}"
                yield Import(name if name in known else module, node.lineno, lazy)


def walk(node: ast.AST, lazy: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Yield the nodes below, and whether they are inside of a function; not what is for checkers."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        inside = lazy or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield child, inside
        yield from walk(child, inside)


def belongs(name: str, part: str) -> bool:
    """Tell whether a module is that part, or in it."""
    return name == part or name.startswith(part + ".")


def layer_of(name: str) -> str:
    """Return the layer of a module; `kwf_runtime` is the package's own file alone."""
    parts = [
        part for part in LAYERS if belongs(name, part) and (part != "kwf_runtime" or name == part)
    ]
    assert parts, f"{name} is in no layer: add it to the table, with what it may import"
    return max(parts, key=len)


@pytest.mark.parametrize("file", product_files(), ids=relative)
def test_imports_stay_in_their_layers(file: Path) -> None:
    part = layer_of(module_of(file))
    layer = LAYERS[part]
    for made in imports_of(file):
        top = made.name.partition(".")[0]
        place = f"{relative(file)}:{made.line}: {part} must not import {made.name}"
        if top in PACKAGES:
            allowed = (*layer.ours, part) if part != "kwf_runtime" else layer.ours
            assert any(belongs(made.name, other) for other in allowed), place
        elif top not in sys.stdlib_module_names:
            assert top in layer.theirs, place


def test_the_compiler_is_imported_inside_of_functions_only() -> None:
    for file in product_files():
        if module_of(file).startswith("kwf_runtime"):
            eager = [m for m in imports_of(file) if belongs(m.name, "kwf_compiler") and not m.lazy]
            assert not eager, f"{relative(file)}: deployments of compiled code have no compiler"


def test_commands_import_what_is_heavy_inside_of_functions() -> None:
    for file in product_files():
        if not module_of(file).startswith("kwf_runtime.cli"):
            continue
        for made in imports_of(file):
            top = made.name.partition(".")[0]
            if not made.lazy and top not in PACKAGES and top not in sys.stdlib_module_names:
                assert top == "click", f"{relative(file)}:{made.line}: {made.name}"


def test_the_core_is_pure() -> None:
    for file in product_files():
        if module_of(file).startswith("kwf_runtime.core"):
            used = {made.name.partition(".")[0] for made in imports_of(file)}
            assert not used & (IMPURE - {"pathlib"}), relative(file)


def test_no_pickle_anywhere() -> None:
    banned = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "shelve", "marshal", "copyreg"}
    for file in product_files():
        used = {made.name.partition(".")[0] for made in imports_of(file)}
        assert not used & banned, f"{relative(file)}: {used & banned}"
