"""What the tests of the samples share: the consoles of their READMEs, and runners to try them on.

A README is tested as it is written: the lines of its ``console`` blocks that begin with ``$`` are
typed into a shell, in a copy of the sample's folder; what is between them must be their output. A
line of ``...`` stands for any lines. Commands that end with ``&`` run until the README ends.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

from kwf_runtime import mock
from tests.conftest import kafka, pytest_collection_modifyitems

__all__ = ["kafka", "pytest_collection_modifyitems"]

SAMPLES = Path(__file__).parent
COMMAND_TIMEOUT_S = 60


@dataclass
class Command:
    """A command of a README, and what it is to print."""

    text: str
    expected: list[str] = field(default_factory=list)


def read_console(readme: Path) -> list[Command]:
    """Return the commands of a README's ``console`` blocks, in their order."""
    commands: list[Command] = []
    for block in re.findall(
        r"^```console\n(.*?)^```", readme.read_text(), re.MULTILINE | re.DOTALL
    ):
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append(Command(line[2:]))
            else:
                commands[-1].expected.append(line)
    return commands


class Console:
    """A shell in a copy of a sample's folder, where ``kwf`` and ``python`` are this checkout's."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        bin_folder = folder.parent / "bin"
        bin_folder.mkdir()
        for name, arguments in (("kwf", "-m kwf_runtime.cli "), ("python", "")):
            script = bin_folder / name
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n')
            script.chmod(0o755)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KWF_")},
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "PYTHONPATH": str(SAMPLES.parent),
            **environment,
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def run(self, text: str) -> str:
        """Run a command to its end and return what it printed; it must succeed."""
        done = subprocess.run(
            ["/bin/sh", "-c", text],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        output = done.stdout.decode()
        assert done.returncode == 0, f"$ {text}\n{output}"
        return output

    def start(self, text: str) -> subprocess.Popen[bytes]:
        """Start a command that runs until ``close``, or until it is killed."""
        with (self.folder / f"log-{len(self.running)}.txt").open("wb") as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {text}"],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.running.append(process)
        return process

    def logs(self) -> str:
        """Return what the commands in the background have printed."""
        return "\n".join(log.read_text() for log in sorted(self.folder.glob("log-*.txt")))

    def close(self) -> None:
        """Stop what still runs, as Ctrl-C or a service manager would."""
        for process in self.running:
            process.terminate()
        for process in self.running:
            try:
                process.wait(timeout=COMMAND_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def check_output(command: Command, output: str) -> None:
    """Compare what was printed with what the README shows."""
    parts = [re.escape(line) for line in command.expected]
    pattern = "".join(r"(?:.*\n)*" if part == re.escape("...") else part + r"\n" for part in parts)
    shown = "\n".join(command.expected)
    assert re.fullmatch(pattern, output), f"$ {command.text}\n{output}\n--- README:\n{shown}"


def play(console: Console, commands: list[Command], same_places: bool) -> None:
    """Type the commands of a README and compare their output.

    Args:
        console: where.
        commands: what.
        same_places: whether records have the places that the README shows.
    """
    for command in commands:
        if command.text.endswith("&"):
            console.start(command.text.removesuffix("&").strip())
            continue
        output = console.run(command.text)
        if not same_places:
            output = re.sub(r"\b\d+:\d+\b", "P:O", output)
            command.expected = [re.sub(r"\b\d+:\d+\b", "P:O", line) for line in command.expected]
        check_output(command, output)


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def console(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Console]:
    """A console in a copy of the folder of the sample that the test is about."""
    source = SAMPLES / request.getfixturevalue("sample")
    folder = tmp_path / source.name
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {}
    if request.param == "kafka":
        bootstrap = request.getfixturevalue("kafka")
        (folder / "streams.properties").write_text(
            f"bootstrap.servers={bootstrap}\napplication.id={source.name}-{time.time_ns()}\n"
        )
        environment["KWF_PROPS"] = "streams.properties"
    console = Console(folder, environment)
    try:
        yield console
    finally:
        console.close()


@pytest.fixture(params=["native", "compiled"])
def workflow(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ModuleType]:
    """The sample's workflow in mock mode: as it is written, and as it is compiled."""
    path = request.path.with_name("workflow.py")
    monkeypatch.setenv("KWF_MOCK", "1")
    monkeypatch.delitem(sys.modules, "workflow", raising=False)
    mock.reset()
    yield load_compiled(path) if request.param == "compiled" else load_native(path)
    sys.modules.pop("workflow")


def load_native(path: Path) -> ModuleType:
    """Import a workflow as any other module."""
    spec = importlib.util.spec_from_file_location("workflow", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["workflow"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_compiled(path: Path) -> ModuleType:
    """Import a workflow as ``kwf run`` does."""
    from kwf_compiler import hook

    return hook.load_source(path, "workflow")
