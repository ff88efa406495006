"""From files to a `Program`: import them, find their workflows, name them.

A compiled file (its first line begins with `# kwf: compiled`) is imported as it is, any other one
is compiled on the way, and with it what it imports from its own folder or package; only then the
compiler is imported. The name of a module is the stem of its file, or its dotted name in a package.
Limits: modules become ordinary entries of `sys.modules`, so two programs with modules of equal
names cannot be used side by side in one process; the later one replaces the former.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

from kwf_runtime.core.program import Program, Workflow
from kwf_runtime.errors import ConfigError

COMPILED_MARK: Final = "# kwf: compiled"
_MAIN: Final = "main"


def load_program(paths: Sequence[Path]) -> Program:
    """Import the files, compiling sources first, and return their workflows.

    A plain `new:` record starts the first workflow of the first file.

    Raises:
        ConfigError: A file is missing, cannot be imported, has no workflow, or two names clash.
        kwf_compiler.CompileError: A source cannot be compiled.
    """
    files = list(dict.fromkeys(_find_file(path) for path in paths))
    if not files:
        raise ConfigError("no file to load: name at least one")
    names = _name_modules(files)
    workflows: dict[str, Workflow] = {}
    for file, name in zip(files, names, strict=True):
        module = _load_module(file, name)
        for workflow in _find_workflows(module, file):
            other = workflows.setdefault(workflow.name, workflow)
            if other is not workflow:
                raise ConfigError(
                    f"{file}: there are two workflows named {workflow.name}: "
                    f"{_where(other)} and {_where(workflow)}; give one another name, "
                    "@W.workflow(name=...)"
                )
    return Program(workflows=workflows, default=next(iter(workflows)))


def is_compiled(path: Path) -> bool:
    """Tell whether the file is the compiler's output."""
    try:
        with path.open("rb") as file:  # a source may have any encoding
            return file.readline().startswith(COMPILED_MARK.encode())
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error}") from error


def module_name(path: Path) -> str:
    """Return the name under which the file is imported: dotted if it is in a package."""
    parts = [] if path.name == "__init__.py" else [path.stem]
    folder = path.parent
    while (folder / "__init__.py").is_file():
        parts.append(folder.name)
        folder = folder.parent
    return ".".join(reversed(parts))


def _find_file(path: Path) -> Path:
    path = path.resolve()
    if path.is_dir():
        path = path / "__init__.py"
        if not path.is_file():
            raise ConfigError(f"{path.parent} is a folder without __init__.py: name a file in it")
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such file")
    if path.suffix != ".py":
        raise ConfigError(f"{path}: the name of a Python file ends with .py")
    return path


def _name_modules(files: Sequence[Path]) -> list[str]:
    """Name the modules; refuse names that two files share, or that Python's own modules have."""
    seen: dict[str, Path] = {}
    for file in files:
        name = module_name(file)
        if not all(part.isidentifier() for part in name.split(".")):
            raise ConfigError(
                f"{file}: {name} is no name of a Python module: use letters, digits and underscores"
            )
        if name in sys.stdlib_module_names:
            raise ConfigError(
                f"{file}: Python's standard library has a module {name} already: rename the file"
            )
        other = seen.setdefault(name, file)
        if other != file:
            raise ConfigError(
                f"{other} and {file} are both named {name}: rename one, or put them into packages"
            )
    return list(seen)


def _load_module(file: Path, name: str) -> ModuleType:
    root = _root_of(file, name)
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))  # as `python FILE` does, so that it finds its neighbours
    if is_compiled(file):
        return _import(file, name, _import_compiled)
    try:
        from kwf_compiler import hook
    except ModuleNotFoundError as error:
        if error.name not in ("libcst", "kwf_compiler"):
            raise
        raise ConfigError(
            f"{file} is not compiled, and the compiler is not installed: "
            "pip install 'kwf[compiler]', or run the output of kwf compile"
        ) from error
    if not any(isinstance(f, hook.Finder) and root in f.folders for f in sys.meta_path):
        hook.install([root])
    return _import(file, name, hook.load_source)


def _import(file: Path, name: str, load: Callable[[Path, str], ModuleType]) -> ModuleType:
    try:
        if "." not in name:
            return load(file, name)
        former = sys.modules.get(name)
        if former is not None and Path(former.__file__ or "").resolve() != file:
            del sys.modules[name]
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        if hasattr(error, "diagnostics"):  # a CompileError; its module may not be installed
            raise
        raise _import_error(file, error) from error


def _import_compiled(file: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None, file
    assert spec.loader is not None, file
    module = importlib.util.module_from_spec(spec)
    former = sys.modules.get(name)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        if former is None:
            del sys.modules[name]
        else:
            sys.modules[name] = former
        raise
    return module


def _root_of(file: Path, name: str) -> Path:
    """Return the folder from which the module has that name."""
    depth = name.count(".") + (1 if file.name == "__init__.py" else 0)
    return file.parents[depth]


def _import_error(file: Path, error: BaseException) -> ConfigError:
    """Describe what a module raised while it was imported, with the line of the user's file."""
    place = str(file)
    for entry in traceback.extract_tb(error.__traceback__):
        if entry.filename == str(file):
            place = f"{file}:{entry.lineno}"
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        place = f"{error.filename}:{error.lineno}:{error.offset or 1}"
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    return ConfigError(f"{place}: cannot be imported: {type(error).__name__}: {message}")


def _find_workflows(module: ModuleType, file: Path) -> list[Workflow]:
    """Return the marked functions of a module in the order of its text, else its `main`."""
    marked = {
        id(function): function
        for function in vars(module).values()
        if inspect.isfunction(function)
        and hasattr(function, "__kwf_workflow__")
        and _belongs(function.__module__, module.__name__)
    }
    stem = module.__name__.rpartition(".")[2]
    if marked:
        return [
            Workflow(
                function.__kwf_workflow__
                or (stem if function.__name__ == _MAIN else function.__name__),
                function,
                sys.modules[function.__module__],
            )
            for function in marked.values()
        ]
    main = getattr(module, _MAIN, None)
    if not callable(main):
        raise ConfigError(
            f"{file}: there is no workflow: define `async def main(arg)`, "
            "or mark a function with @W.workflow()"
        )
    if not inspect.iscoroutinefunction(main):
        raise ConfigError(f"{file}: main is not an async function: write `async def main(arg)`")
    return [Workflow(stem, main, module)]


def _belongs(name: str, module: str) -> bool:
    return name == module or name.startswith(module + ".")


def _where(workflow: Workflow) -> str:
    code = inspect.unwrap(workflow.function).__code__
    return f"{code.co_filename}:{code.co_firstlineno}"
