"""`kwf compile`: write compiled modules, or say everything that stands against it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwf_runtime.cli.options import json_option
from kwf_runtime.errors import ConfigError, KwfError

if TYPE_CHECKING:
    from kwf_compiler import Diagnostic


@dataclass(frozen=True, slots=True)
class Unit:
    """One module of a compilation: its file, and its place below the output's folder."""

    source: Path
    place: Path


@click.command("compile")
@click.argument("path", type=click.Path(exists=True, path_type=Path), metavar="FILE|PACKAGE")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="A file for FILE, a folder for PACKAGE; without it, FILE's code goes to stdout.",
)
@click.option(
    "emit", "--emit", metavar="PASS", help="Print what FILE is after that pass, and stop."
)
@json_option("Findings on stdout, a JSON object a line: file, line, column, code, message, advice.")
def command(path: Path, output: Path | None, emit: str | None, as_json: bool) -> None:
    """Compile FILE, or the modules of PACKAGE.

    With FILE, the modules that it imports from its own folder are compiled too, and written next to
    OUT. All findings are reported at once, as file:line:column: KWFnnn message; then nothing is
    written, and the exit code is 1.
    """
    if emit is not None:
        if path.is_dir() or output is not None:
            raise click.UsageError("--emit prints the state of one FILE: no PACKAGE, no -o")
        _finish(*_emit_pass(path, emit), as_json)
        return
    units = find_units(path)
    if path.is_dir() and output is None:
        raise click.UsageError("a PACKAGE has many modules: name a folder, -o OUT")
    texts, findings = compile_units(units)
    if findings:
        _finish("", findings, as_json)
    if output is None:
        click.echo(texts[units[0]], nl=False)
        _warn_of_neighbours(units[1:])
        return
    folder = output if path.is_dir() else output.parent
    targets = {unit: folder / unit.place for unit in units}
    if not path.is_dir():
        targets[units[0]] = output
    _check_targets(targets)
    for unit, target in targets.items():
        _write(target, texts[unit])


def compile_units(units: list[Unit]) -> tuple[dict[Unit, str], list[Diagnostic]]:
    """Compile the modules; return their texts, and all findings of all of them."""
    from kwf_compiler import CompileError

    try:
        from kwf_compiler.api import compile_source
    except ModuleNotFoundError as error:
        if error.name != "libcst":
            raise
        raise ConfigError(
            "kwf compile writes its output with libcst, which is not installed: "
            "pip install 'kwf[compiler]'"
        ) from error

    texts: dict[Unit, str] = {}
    findings: list[Diagnostic] = []
    for unit in units:
        try:
            texts[unit] = compile_source(_read(unit.source), str(unit.source)).code
        except CompileError as error:
            findings += error.diagnostics
    return texts, findings


def find_units(path: Path) -> list[Unit]:
    """Return the modules of a package, or a file and what it imports from its own folder."""
    if path.is_dir():
        if not (path / "__init__.py").is_file():
            raise ConfigError(f"{path} is a folder without __init__.py, so no package: name a file")
        files = sorted(path.rglob("*.py"))
        return [Unit(file, file.relative_to(path)) for file in files]
    from kwf_runtime.cli.imports import find_neighbours

    root = path.parent
    return [Unit(path, Path(path.name))] + [
        Unit(file, file.relative_to(root)) for file in find_neighbours(path)
    ]


def _check_targets(targets: dict[Unit, Path]) -> None:
    """Refuse to write over what the compiler has not written."""
    from kwf_runtime.loader import is_compiled

    for unit, target in targets.items():
        if target.resolve() == unit.source.resolve():
            raise ConfigError(f"{target} is the source itself: write to another file or folder")
        if target.is_dir():
            raise ConfigError(f"{target} is a folder: name the file to write")
        if target.exists() and target.stat().st_size and not is_compiled(target):
            raise ConfigError(f"{target} is not the compiler's output, so it is not overwritten")


def _warn_of_neighbours(units: list[Unit]) -> None:
    if units:
        names = ", ".join(str(unit.place) for unit in units)
        click.echo(f"kwf: it imports {names}, to be compiled too: -o OUT writes all", err=True)


def _emit_pass(path: Path, name: str) -> tuple[str, list[Diagnostic]]:
    """Return the module as it is after a pass, or what stands against it."""
    from kwf_compiler import CompileError, pipeline

    if name not in pipeline.PASSES:
        raise click.UsageError(f"--emit={name}: the passes are {', '.join(pipeline.PASSES)}")
    try:
        compilation = pipeline.Compilation(_read(path), str(path), stop=name).run()
    except CompileError as error:
        return "", error.diagnostics
    return "\n".join(compilation.printed), []


def _write(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise KwfError(f"cannot write {target}: {error.strerror}") from error


def _finish(text: str, findings: list[Diagnostic], as_json: bool) -> None:
    """Print the text, or the findings and end with exit code 1."""
    if not findings:
        click.echo(text, nl=not text.endswith("\n"))
        return
    for finding in findings:
        if as_json:
            click.echo(json.dumps(_fields(finding)))
        else:
            click.echo(str(finding), err=True)
    sys.exit(1)


def _fields(finding: Diagnostic) -> dict[str, object]:
    return {
        "file": finding.span.file,
        "line": finding.span.line,
        "column": finding.span.column,
        "code": finding.code,
        "message": finding.message,
        "advice": finding.advice,
    }


def _read(path: Path) -> str:
    """Return the text of a Python source, in the encoding that it declares."""
    import tokenize

    try:
        with tokenize.open(path) as file:
            return file.read()
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
