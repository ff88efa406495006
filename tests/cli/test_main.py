"""The command itself: help, exit codes, one line on stderr, and a start that imports little."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import click
import pytest

from kwf_runtime.cli import main
from kwf_runtime.cli.main import COMMANDS, cli
from kwf_runtime.errors import KwfError
from kwf_runtime.version import VERSION
from tests.cli.conftest import Kwf

ROOT = Path(__file__).parents[2]
HEAVY = (
    "apsw",
    "confluent_kafka",
    "javaproperties",
    "kwf_compiler",
    "libcst",
    "msgpack",
    "rocksdict",
)


def test_help_lists_every_command_with_a_line(kwf: Kwf) -> None:
    lines = kwf("--help").lines
    for name in COMMANDS:
        (line,) = [line for line in lines if line.split()[:1] == [name]]
        assert len(line.split()) > 3, line


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    waiting = [command]
    while waiting:
        command = waiting.pop()
        assert command.help
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.opts}"
        if isinstance(command, click.Group):
            waiting += command.commands.values()


def test_version(kwf: Kwf) -> None:
    assert kwf("--version").out == f"kwf, version {VERSION}\n"


def test_without_a_command_there_is_help_and_wrong_usage(kwf: Kwf) -> None:
    result = kwf(exit_code=2)
    assert "Commands:" in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["start"],
        ["start", "t1", "--nonsense"],
        ["start", "a|b"],
        ["start", ""],
        ["start", "t1", "--input", "{"],
        ["start", "t1", "--workflow", "a:b"],
        ["resume", "t1", "r"],
        ["resume", "t1", "r", "--value", "1", "--error", "2"],
        ["resume", "t1", "", "--value", "1"],
        ["resume", "t1", "r", "--value", "NaN"],
        ["send", "topic"],
        ["send", "topic", "--value", "1", "--null"],
        ["send", "", "--null"],
        ["send", "topic", "--null", "--header", "x"],
        ["send", "-", "--key", "k"],
        ["tail", "topic", "--count", "0"],
        ["tail", "topic", "--timeout", "-1"],
        ["threads", "--status", "happy"],
        ["dlq", "drop"],
        ["dlq", "drop", "0:0", "--all"],
        ["run"],
        ["run", "missing.py"],
        ["compile", "missing.py"],
        ["threads", "--props", "missing.properties"],
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(kwf: Kwf, arguments: list[str]) -> None:
    result = kwf(*arguments, exit_code=2)
    assert result.out == ""
    assert result.err.startswith("kwf: ")
    assert result.err.count("\n") == 1


def test_a_wrong_setting_is_wrong_usage(kwf: Kwf) -> None:
    Path("bad.properties").write_text("workflow.runer=sqlite\n")
    result = kwf("threads", "--props", "bad.properties", exit_code=2)
    assert result.err == (
        "kwf: bad.properties:1: unknown property workflow.runer: did you mean workflow.runner?\n"
    )


def test_the_environment_names_the_properties_too(
    kwf: Kwf, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("my.properties").write_text("workflow.db=mine.db\n")
    monkeypatch.setenv("KWF_PROPS", "my.properties")
    kwf("start", "t1")
    assert Path("mine.db").exists()


def fail_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def command() -> None:
        raise error

    broken = click.Command("broken", callback=command, help="Fails.")
    monkeypatch.setattr(cli, "get_command", lambda context, name: broken)


def test_work_that_failed_is_exit_code_1(kwf: Kwf, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(KwfError("the broker\nis gone"), monkeypatch)
    assert kwf("broken", exit_code=1).err == "kwf: the broker is gone\n"


def test_what_nobody_foresaw_names_its_place(kwf: Kwf, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(ZeroDivisionError("by zero"), monkeypatch)
    err = kwf("broken", exit_code=1).err
    assert "test_main.py:" in err
    assert "ZeroDivisionError: by zero" in err
    assert err.count("\n") == 1
    monkeypatch.setenv(main.TRACEBACK_VARIABLE, "1")
    assert "Traceback" in kwf("broken", exit_code=1).err


def test_ctrl_c_is_130(kwf: Kwf, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(KeyboardInterrupt(), monkeypatch)
    kwf("broken", exit_code=130)


def test_a_reader_that_has_gone_is_no_failure(kwf: Kwf) -> None:
    for number in range(20):
        kwf("start", f"t{number}")
    done = subprocess.run(
        f'"{sys.executable}" -m kwf_runtime.cli tail workflow-resume --from-start --timeout 0 | head -n 1',
        shell=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "0:0\tt0\tnew:null\n"
    assert done.stderr == ""


def run_python(code: str) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_help_imports_nothing_heavy() -> None:
    loaded = run_python(
        "import sys\n"
        "from kwf_runtime.cli.main import run\n"
        "run(['--help'])\n"
        "print('loaded', *sys.modules)"
    )
    names = set(loaded.splitlines()[-1].split())
    assert not names.intersection(HEAVY)


def test_help_takes_well_under_300_ms() -> None:
    # Of CPU time, and the best of some: what else the machine does makes it slower, never faster.
    def measure() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run_python("from kwf_runtime.cli.main import run\nrun(['--help'])")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(measure() for _ in range(5)) < 0.3
