"""From files to a program: names of modules and workflows, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kwf_compiler import CompileError
from kwf_runtime.errors import ConfigError
from kwf_runtime.loader import load_program, module_name

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Write]:
    path, meta_path, modules = list(sys.path), list(sys.meta_path), set(sys.modules)

    def write(name: str, text: str) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    yield write
    sys.path[:], sys.meta_path[:] = path, meta_path
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


MAIN = "async def main(arg):\n    return arg\n"
COMPILED = "# kwf: compiled by hand\n"


def check_refused(paths: list[Path], *parts: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_program(paths)
    assert "\n" not in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


def test_main_is_the_workflow_named_after_its_file(write: Write) -> None:
    program = load_program([write("trip.py", MAIN)])
    assert list(program.workflows) == ["trip"]
    assert program.default == "trip"
    assert program.workflows["trip"].function.__name__ == "main"


def test_a_file_named_twice_is_loaded_once(write: Write) -> None:
    file = write("trip.py", MAIN)
    assert list(load_program([file, file]).workflows) == ["trip"]


def test_a_file_that_exits_is_refused(write: Write) -> None:
    check_refused([write("trip.py", "import sys\nsys.exit(3)\n")], "trip.py:2", "SystemExit: 3")


def test_a_source_is_compiled_and_so_is_what_it_imports_beside_it(write: Write) -> None:
    write("helper_of_trip.py", "async def help(x):\n    return x\n")
    program = load_program(
        [
            write(
                "trip.py",
                "from helper_of_trip import help\n\nasync def main(a):\n    await help(a)\n",
            )
        ]
    )
    frame = program.workflows["trip"].call(1)
    assert type(frame).__module__.startswith("kwf_runtime.")
    helper = sys.modules["helper_of_trip"].help(1)
    assert type(helper) is type(frame)
    frame.close()
    helper.close()


def test_a_compiled_file_is_imported_as_it_is(write: Write) -> None:
    program = load_program([write("trip.py", COMPILED + MAIN)])
    coroutine = program.workflows["trip"].call(1)
    assert type(coroutine).__name__ == "coroutine"
    coroutine.close()


def test_marked_functions_are_the_workflows(write: Write) -> None:
    program = load_program(
        [
            write(
                "trips.py",
                "import kwf_runtime as W\n"
                "@W.workflow(name='book')\nasync def one(a): pass\n"
                "@W.workflow()\nasync def cancel(a): pass\n"
                "@W.workflow\nasync def main(a): pass\n"
                "async def helper(a): pass\n",
            )
        ]
    )
    assert list(program.workflows) == ["book", "cancel", "trips"]
    assert program.default == "book"


def test_the_first_file_is_the_default(write: Write) -> None:
    program = load_program([write("zebra.py", MAIN), write("ant.py", MAIN)])
    assert list(program.workflows) == ["zebra", "ant"]
    assert program.default == "zebra"


def test_marks_of_an_imported_function_do_not_count_again(write: Write) -> None:
    write("other_flow.py", "import kwf_runtime as W\n@W.workflow()\nasync def other(a): pass\n")
    program = load_program([write("flow.py", "from other_flow import other\n" + MAIN)])
    assert list(program.workflows) == ["flow"]


def test_modules_of_packages_may_share_a_stem(write: Write) -> None:
    for package in ("pack_a", "pack_b"):
        write(f"{package}/__init__.py", "")
        write(f"{package}/tools.py", f"NAME = {package!r}\n")
    a = write("pack_a/flow.py", "from .tools import NAME\n" + MAIN)
    b = write(
        "pack_b/flow.py",
        "import kwf_runtime as W\nfrom . import tools\n"
        "@W.workflow(name='b')\nasync def main(a): return tools.NAME\n",
    )
    assert module_name(a) == "pack_a.flow"
    program = load_program([a, b])
    assert list(program.workflows) == ["flow", "b"]
    module = program.workflows["flow"].module
    assert module is not None
    assert module.NAME == "pack_a"


def test_a_package_can_be_named_by_its_folder(write: Write, tmp_path: Path) -> None:
    write("trip_pack/__init__.py", "from .flow import main\n")
    write("trip_pack/flow.py", MAIN)
    assert list(load_program([tmp_path / "trip_pack"]).workflows) == ["trip_pack"]


def test_two_files_of_one_name_are_refused(write: Write) -> None:
    check_refused(
        [write("a/flow.py", MAIN), write("b/flow.py", MAIN)],
        "a/flow.py",
        "b/flow.py",
        "are both named flow",
        "packages",
    )


def test_two_workflows_of_one_name_are_refused(write: Write) -> None:
    text = "import kwf_runtime as W\n@W.workflow(name='trip')\nasync def main(a): pass\n"
    check_refused(
        [write("one.py", text), write("two.py", text)],
        "two workflows named trip",
        "one.py:",
        "two.py:",
    )


@pytest.mark.parametrize(
    ("name", "text", "parts"),
    [
        ("flow.py", "x = 1\n", ("there is no workflow", "async def main(arg)")),
        ("flow.py", "def main(a): pass\n", ("main is not an async function",)),
        ("flow.py", "import nowhere_to_be_found\n", ("flow.py:1: ", "ModuleNotFoundError")),
        ("flow.py", "\n\n1 / 0\n", ("flow.py:3: ", "ZeroDivisionError: division by zero")),
        ("flow.py", COMPILED + "def f(:\n", ("flow.py:2:7: ", "SyntaxError")),
        ("queue.py", MAIN, ("standard library", "rename the file")),
        ("my-flow.py", MAIN, ("no name of a Python module",)),
        ("flow.txt", MAIN, ("ends with .py",)),
        ("folder/flow.txt", MAIN, ("ends with .py",)),
    ],
)
def test_what_cannot_be_loaded_says_why(
    write: Write, name: str, text: str, parts: tuple[str, ...]
) -> None:
    check_refused([write(name, text)], *parts)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    check_refused([], "no file to load")
    check_refused([tmp_path / "none.py"], "there is no such file")
    check_refused([tmp_path], "without __init__.py")


def test_all_findings_of_the_compiler_come_through(write: Write) -> None:
    with pytest.raises(CompileError) as caught:
        load_program([write("flow.py", "async def main(arg:\n")])
    assert str(caught.value.diagnostics[0]).split("flow.py:")[1].startswith("1:")


def test_a_source_in_another_encoding(write: Write) -> None:
    file = write("flow.py", "")
    file.write_bytes(("# coding: latin-1\nNAME = 'é'\n" + MAIN).encode("latin-1"))
    module = load_program([file]).workflows["flow"].module
    assert module is not None
    assert module.NAME == "é"


def test_a_failed_load_leaves_the_former_module(write: Write) -> None:
    load_program([write("flow.py", COMPILED + MAIN)])
    former = sys.modules["flow"]
    check_refused([write("flow.py", COMPILED + "1 / 0\n")], "ZeroDivisionError")
    assert sys.modules["flow"] is former


def test_without_the_compiler_a_source_says_what_to_install(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoCompiler:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name.split(".")[0] == "kwf_compiler":
                raise ModuleNotFoundError(f"No module named {name!r}", name="kwf_compiler")

    for name in [name for name in sys.modules if name.split(".")[0] == "kwf_compiler"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoCompiler(), *sys.meta_path])
    check_refused([write("flow.py", MAIN)], "pip install 'kwf[compiler]'")
    assert list(load_program([write("flow.py", COMPILED + MAIN)]).workflows) == ["flow"]
