"""Sources imported compiled: loaders, finders, packages, and imports that fail."""

from __future__ import annotations

import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

from kwf_compiler import CompileError, compile_source, hook


@pytest.fixture(autouse=True)
def _modules() -> Iterator[None]:
    before = dict(sys.modules)
    yield
    for name in set(sys.modules) - set(before):
        if name.partition(".")[0] in ("flow", "pack", "helper", "broken"):
            del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    finder = hook.install([tmp_path])
    yield tmp_path
    sys.meta_path.remove(finder)
    importlib.invalidate_caches()


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


def has_machine(function: object) -> bool:
    constants = function.__code__.co_consts  # type: ignore[attr-defined]
    return any(isinstance(constant, CodeType) for constant in constants)  # its step


FLOW = "async def main(a):\n    return await a\n"


def test_load_source(tmp_path: Path) -> None:
    path = write(tmp_path / "flow.py", FLOW)
    module = hook.load_source(path)
    assert module is sys.modules["flow"]
    assert module.__file__ == str(path)
    assert has_machine(module.main)
    assert module.main.__code__.co_filename == str(path)
    assert inspect.getsource(module.main) == FLOW
    assert hook.load_source(str(path), "flow.named").__name__ == "flow.named"


def test_load_compiled_text(tmp_path: Path) -> None:
    path = write(tmp_path / "flow.py", compile_source(FLOW, "elsewhere.py").code)
    assert has_machine(hook.load_source(path).main)


def test_declared_encoding(tmp_path: Path) -> None:
    path = tmp_path / "flow.py"
    path.write_bytes("# -*- coding: latin-1 -*-\nX = 'é'\n".encode("latin-1"))
    assert hook.load_source(path).X == "é"


@pytest.mark.parametrize(
    ("text", "error"),
    [("async def f(:\n", CompileError), ("raise LookupError\n", LookupError)],
)
@pytest.mark.parametrize("loaded_before", [False, True])
def test_a_failing_import_leaves_nothing(
    tmp_path: Path, text: str, error: type[Exception], loaded_before: bool
) -> None:
    path = write(tmp_path / "flow.py", FLOW)
    former = hook.load_source(path) if loaded_before else sys.modules.get("flow")
    write(path, text)
    with pytest.raises(error):
        hook.load_source(path)
    assert sys.modules.get("flow") is former


def test_imports_of_a_folder_are_compiled(folder: Path) -> None:
    write(folder / "helper.py", "async def help(a):\n    return await a\n")
    write(folder / "flow.py", "import helper\n")
    module = hook.load_source(folder / "flow.py")
    assert has_machine(module.helper.help)
    assert module.helper.__spec__.origin == str(folder / "helper.py")


def test_packages_and_relative_imports(folder: Path) -> None:
    write(folder / "pack/__init__.py", "from .one import one\nasync def top(): pass\n")
    write(folder / "pack/one.py", "from .deep.two import two as two_\nasync def one(): pass\n")
    write(folder / "pack/deep/__init__.py", "top = 1\n")
    write(folder / "pack/deep/two.py", "from ..deep import top as t\nasync def two(): pass\n")
    pack = importlib.import_module("pack")
    assert pack.__path__ == [str(folder / "pack")]
    assert pack.__package__ == "pack"
    assert pack.one.__module__ == "pack.one"
    two = importlib.import_module("pack.deep.two")
    assert two.__package__ == "pack.deep"
    for function in (pack.top, pack.one, two.two):
        assert has_machine(function)


def test_a_package_wins_over_a_module(folder: Path) -> None:
    write(folder / "pack.py", "X = 'module'\n")
    write(folder / "pack/__init__.py", "X = 'package'\n")
    assert importlib.import_module("pack").X == "package"


def test_a_failing_import_of_a_finder_leaves_nothing(folder: Path) -> None:
    write(folder / "broken.py", "import helper\nraise LookupError\n")
    write(folder / "helper.py", "X = 1\n")
    with pytest.raises(LookupError):
        importlib.import_module("broken")
    assert "broken" not in sys.modules
    assert "helper" in sys.modules  # as CPython leaves it


def test_findings_name_the_file(folder: Path) -> None:
    path = write(folder / "broken.py", "f = lambda: (yield)\n")
    with pytest.raises(CompileError, match=r"broken\.py:1:5: KWF207"):
        importlib.import_module("broken")
    with pytest.raises(CompileError) as caught:
        hook.load_source(path)
    assert caught.value.diagnostics[0].span.file == str(path)


def test_what_a_finder_does_not_find(folder: Path) -> None:
    write(folder / "space/inner.py", "X = 1\n")  # no package that was compiled
    finder = hook.Finder([folder])
    assert finder.find_spec("missing") is None
    assert finder.find_spec("json.decoder", importlib.import_module("json").__path__) is None
    assert finder.find_spec("space") is None


def test_the_runtime_is_never_compiled(folder: Path) -> None:
    write(folder / "kwf_runtime.py", "raise LookupError\n")
    assert hook.Finder([folder]).find_spec("kwf_runtime") is None


def test_loader_as_the_import_system_asks_it(tmp_path: Path) -> None:
    path = write(tmp_path / "flow.py", FLOW)
    loader = hook.SourceLoader(path)
    assert loader.create_module(hook.spec_of("flow", path)) is None
    assert loader.get_source("flow") == FLOW
    assert not loader.is_package("flow")
    assert hook.SourceLoader(tmp_path / "pack/__init__.py").is_package("pack")
