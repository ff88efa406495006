"""Imports workflow modules from their source: compiled in memory, with the positions of the source.

Tracebacks, pdb and coverage show the original file: the compiled tree carries its positions, and no
text is printed at all.

Limits: finds what lies in the folders it was given; everything else is imported as ever.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType

from kwf_compiler.pipeline import Compilation

COMPILED_MARK = "# kwf: compiled"
"""How the text of a compiled module begins: it is imported as it is."""


def compile_code(source: str, filename: str) -> CodeType:
    """The code object of the compiled module, with the positions of ``source``.

    Raises:
        CompileError: with every finding.
    """
    if source.startswith(COMPILED_MARK):
        return compile(source, filename, "exec", dont_inherit=True)
    emitted = Compilation(source, filename).run().emitted
    assert emitted is not None
    return compile(emitted.tree, filename, "exec", dont_inherit=True)


_OWN = ("kwf_compiler", "kwf_runtime")
"""What is never compiled, though a workflow may lie beside it."""


class SourceLoader(Loader):
    """Executes one source, compiled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Let the import system make the module."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Compile the source and run it in ``module``."""
        source = importlib.util.decode_source(self.path.read_bytes())
        exec(compile_code(source, str(self.path)), module.__dict__)

    def get_source(self, name: str) -> str:
        """The source, for linecache and debuggers."""
        return importlib.util.decode_source(self.path.read_bytes())

    def is_package(self, name: str) -> bool:
        """Whether the source is that of a package."""
        return self.path.name == "__init__.py"


class Finder(MetaPathFinder):
    """Finds the modules and packages in some folders, to be compiled when they are imported.

    What lies deeper is compiled as part of a compiled package only: a folder may hold a virtual
    environment.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = [folder.resolve() for folder in folders]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module of one of the folders, or of a package that was compiled."""
        parent, _, stem = fullname.rpartition(".")
        if not parent:
            places = [] if fullname in _OWN else self.folders
        else:
            compiled = isinstance(getattr(sys.modules[parent], "__loader__", None), SourceLoader)
            places = [Path(place) for place in path or ()] if compiled else []
        for place in places:
            for candidate in (place / stem / "__init__.py", place / f"{stem}.py"):
                if candidate.is_file():
                    return spec_of(fullname, candidate)
        return None


def spec_of(name: str, path: Path) -> ModuleSpec:
    """The spec of the module ``name`` with its source at ``path``."""
    spec = importlib.util.spec_from_file_location(name, path, loader=SourceLoader(path))
    assert spec is not None
    return spec


def install(folders: Sequence[Path]) -> Finder:
    """Compile what is imported from ``folders`` from now on; give the finder, to be removed."""
    finder = Finder(folders)
    sys.meta_path.insert(0, finder)
    return finder


def load_source(path: Path | str, name: str | None = None) -> ModuleType:
    """Import the file at ``path``, compiled, as the module ``name`` (default: its stem).

    Raises:
        CompileError: with every finding.
    """
    file = Path(path).resolve()
    name = name or file.stem
    spec = spec_of(name, file)
    module = importlib.util.module_from_spec(spec)
    former = sys.modules.get(name)
    sys.modules[name] = module
    try:
        assert spec.loader is not None
        spec.loader.exec_module(module)
    except BaseException:
        if former is None:
            del sys.modules[name]
        else:
            sys.modules[name] = former
        raise
    return module
