"""`kwf compile`: what is written where, and what is said when nothing is."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from kwf_compiler.pipeline import PASSES
from tests.cli.conftest import Kwf

MAIN = "async def main(arg):\n    return arg\n"
FINDING = re.compile(r"^[^:]+:\d+:\d+: KWF\d{3} \S.*$")


def write(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_to_stdout(kwf: Kwf) -> None:
    result = kwf("compile", write("flow.py", MAIN))
    assert result.err == ""
    compile(result.out, "flow.py", "exec")
    assert "import kwf_runtime.abi" in result.out


def test_to_a_file_that_runs_without_the_compiler(kwf: Kwf) -> None:
    result = kwf("compile", write("flow.py", MAIN), "-o", "build/flow.py")
    assert (result.out, result.err) == ("", "")
    kwf("start", "t1", "--input", "42")
    kwf("run", "build/flow.py", "--until-idle")
    assert kwf("tail", "workflow-result", "--from-start", "--count", 1).out == "0:0\tt1\t42\n"


def test_neighbours_are_written_beside_it(kwf: Kwf) -> None:
    write("helper.py", "from pack import tool\n\nasync def help(x):\n    return tool.NAME + x\n")
    write("pack/__init__.py", "")
    write("pack/tool.py", "from . import names\n\nNAME = names.NAME\n")
    write("pack/names.py", "NAME = 'n-'\n")
    write("unused.py", "this is no Python\n")
    flow = write(
        "flow.py", "import helper, json\n\nasync def main(a):\n    return await helper.help(a)\n"
    )
    warned = kwf("compile", flow)
    assert "imports helper.py, pack/__init__.py, pack/names.py, pack/tool.py" in warned.err
    kwf("compile", flow, "-o", "build/flow.py")
    built = sorted(str(p.relative_to("build")) for p in Path("build").rglob("*.py"))
    assert built == ["flow.py", "helper.py", "pack/__init__.py", "pack/names.py", "pack/tool.py"]


def test_a_package_is_written_to_a_folder(kwf: Kwf) -> None:
    write("pack/__init__.py", "from .flow import main\n")
    write("pack/flow.py", MAIN)
    write("pack/deep/__init__.py", "")
    kwf("compile", "pack", "-o", "build/pack")
    built = sorted(str(p.relative_to("build")) for p in Path("build").rglob("*.py"))
    assert built == ["pack/__init__.py", "pack/deep/__init__.py", "pack/flow.py"]
    assert "a PACKAGE has many modules" in kwf("compile", "pack", exit_code=2).err
    assert "so no package" in kwf("compile", ".", "-o", "x", exit_code=2).err


def test_findings_and_no_output_file(kwf: Kwf) -> None:
    flow = write("flow.py", "async def main(a):\n    return (\n")
    result = kwf("compile", flow, "-o", "out.py", exit_code=1)
    assert result.out == ""
    assert result.err
    for line in result.err.splitlines():
        assert FINDING.match(line), line
    assert not Path("out.py").exists()


def test_findings_of_neighbours_come_together_with_its_own(kwf: Kwf) -> None:
    write("helper_bad.py", "x = (\n")
    flow = write("flow.py", "import helper_bad\nf = lambda: (yield)\n")
    err = kwf("compile", flow, exit_code=1).err
    assert {line.split(":")[0] for line in err.splitlines()} == {"flow.py", "helper_bad.py"}


def test_run_says_the_same_of_a_source(kwf: Kwf) -> None:
    flow = write("flow.py", MAIN + "f = lambda: (yield)\ng = lambda: (yield)\n")
    compiled = kwf("compile", flow, exit_code=1).err
    ran = kwf("run", flow, "--until-idle", exit_code=1).err
    assert [line.split(": ", 1)[1] for line in ran.splitlines()] == [
        line.split(": ", 1)[1] for line in compiled.splitlines()
    ]
    assert len(compiled.splitlines()) == 2


def test_findings_as_json(kwf: Kwf) -> None:
    flow = write("flow.py", "async def main(a):\n    return (\n")
    result = kwf("compile", flow, "--json", exit_code=1)
    (finding,) = result.json_lines
    assert list(finding) == ["file", "line", "column", "code", "message", "advice"]
    assert finding["file"] == "flow.py"
    assert result.err == ""


@pytest.mark.parametrize("name", PASSES)
def test_every_pass_can_be_printed(kwf: Kwf, name: str) -> None:
    flow = write("flow.py", "async def main(a):\n    return await a\n")
    result = kwf("compile", flow, f"--emit={name}")
    assert "main" in result.out
    assert result.err == ""


def test_emit_findings_and_wrong_use(kwf: Kwf) -> None:
    flow = write("flow.py", "x = (\n")
    assert FINDING.match(kwf("compile", flow, "--emit=anf", exit_code=1).err.strip())
    assert "the passes are parse, mark" in kwf("compile", flow, "--emit=magic", exit_code=2).err
    kwf("compile", flow, "--emit=anf", "-o", "x.py", exit_code=2)


def test_what_is_not_its_own_output_is_not_overwritten(kwf: Kwf) -> None:
    flow = write("flow.py", MAIN)
    assert "is the source itself" in kwf("compile", flow, "-o", "flow.py", exit_code=2).err
    write("notes.txt", "mine\n")
    assert "not overwritten" in kwf("compile", flow, "-o", "notes.txt", exit_code=2).err
    assert "is a folder" in kwf("compile", flow, "-o", ".", exit_code=2).err
    assert flow.read_text() == MAIN
    kwf("compile", flow, "-o", "out.py")
    kwf("compile", flow, "-o", "out.py")


def test_a_source_in_another_encoding(kwf: Kwf) -> None:
    path = Path("flow.py")
    path.write_bytes("# coding: latin-1\nNAME = 'é'\n".encode("latin-1"))
    assert "é" in kwf("compile", path).out
    path.write_bytes(b"# coding: klingon\n")
    assert "cannot read flow.py" in kwf("compile", path, exit_code=2).err


def test_an_output_that_cannot_be_written(kwf: Kwf) -> None:
    write("file", "")
    result = kwf("compile", write("flow.py", MAIN), "-o", "file/flow.py", exit_code=1)
    assert result.err.startswith("kwf: cannot write file/flow.py: ")


def test_without_the_compiler_it_says_what_to_install(
    kwf: Kwf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "libcst", None)
    for name in ("kwf_compiler.api", "kwf_compiler.source"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    result = kwf("compile", write("flow.py", MAIN), exit_code=2)
    assert "pip install 'kwf[compiler]'" in result.err
