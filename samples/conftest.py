"""What the tests of the samples share: the consoles of their READMEs, and runners to try them on.

A README is tested as it is written: the lines of its ``console`` blocks that begin with ``$`` are
typed into a shell, in a copy of the sample's folder; what is between them must be their output. A
line of ``...`` stands for any lines. Commands that end with ``&`` run until the README ends.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
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
TOPICS = re.compile(r"workflow-|saga-|ecommerce-|questions$")
"""The names that the samples use: they are in the READMEs, so the tests cannot have their own."""


@dataclass
class Command:
    """A command of a README, and what it is to print."""

    text: str
    expected: list[str] = field(default_factory=list)


def read_console(readme: Path, runner: str) -> list[Command]:
    """Return the commands of a README's ``console`` blocks, in their order.

    Blocks that are marked with a runner (``console kafka``) come first, and only on that runner.
    """
    first: list[Command] = []
    rest: list[Command] = []
    text = readme.read_text()
    for mark, block in re.findall(r"^```console *(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        if mark not in ("", runner):
            continue
        commands = first if mark else rest
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append(Command(line[2:]))
            else:
                commands[-1].expected.append(line)
    return first + rest


class Console:
    """A shell in a copy of a sample's folder, where ``kwf`` and ``python`` are this checkout's."""

    def __init__(self, folder: Path, runner: str, environment: dict[str, str]) -> None:
        self.folder = folder
        self.runner = runner
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
        """Run a command to its end and return its output; it must succeed."""
        done = subprocess.run(
            ["/bin/sh", "-c", text],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        output, errors = done.stdout.decode(), done.stderr.decode()
        assert done.returncode == 0, f"$ {text}\n{output}{errors}"
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


def hide_places(text: str) -> str:
    """Hide where records are: partitions and offsets differ from runner to runner."""
    return re.sub(r"\b\d+([:-])\d+\b", r"P\1O", text)


def check_output(command: Command, output: str) -> None:
    """Compare what was printed with what the README shows."""
    pattern = "".join(
        r"(?:.*\n)*" if line == "..." else re.escape(hide_places(line)) + r"\n"
        for line in command.expected
    )
    shown = "\n".join(command.expected)
    assert re.fullmatch(pattern, hide_places(output)), (
        f"$ {command.text}\n{output}--- README:\n{shown}"
    )


def play(console: Console, readme: Path) -> None:
    """Type the commands of a README and compare their output."""
    for command in read_console(readme, console.runner):
        if command.text.endswith("&"):
            console.start(command.text.removesuffix("&").strip())
        else:
            check_output(command, console.run(command.text))


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def console(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Console]:
    """A console in a copy of the folder of the sample that the test is about."""
    source: Path = request.getfixturevalue("sample")
    folder = tmp_path / source.name
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {}
    if request.param == "kafka":
        bootstrap = request.getfixturevalue("kafka")
        delete_topics(bootstrap)
        (folder / "streams.properties").write_text(
            f"bootstrap.servers={bootstrap}\napplication.id={source.name}-{uuid.uuid4().hex}\n"
        )
        environment["KWF_PROPS"] = "streams.properties"
    console = Console(folder, request.param, environment)
    try:
        yield console
    finally:
        console.close()


def delete_topics(bootstrap: str) -> None:
    """Delete the topics that the samples use, and wait until they are gone."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": bootstrap})
    deadline = time.monotonic() + COMMAND_TIMEOUT_S
    while names := [name for name in admin.list_topics(timeout=10).topics if TOPICS.match(name)]:
        for future in admin.delete_topics(names).values():
            with contextlib.suppress(KafkaException):  # it is being deleted already
                future.result()
        assert time.monotonic() < deadline, f"the broker does not delete {names}"


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
