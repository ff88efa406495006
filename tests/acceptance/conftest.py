"""The `kwf` command as a user has it: processes in a folder, and nothing of the code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60
HEAD = "import asyncio\nimport kwf_runtime as W\n"


@dataclass(frozen=True)
class Result:
    """What a command left."""

    exit_code: int
    out: str
    err: str

    @property
    def json_lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Shell:
    """A folder in which commands run; `topic` gives a topic its name on this runner."""

    folder: Path
    prefix: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    engines: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __call__(
        self, *arguments: object, exit_code: int | None = 0, stdin: str | None = None
    ) -> Result:
        """Run a command to its end; it may never show a traceback."""
        ended = subprocess.run(
            self._command(arguments),
            cwd=self.folder,
            env=self._environment(),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE_S,
        )
        result = Result(ended.returncode, ended.stdout, ended.stderr)
        assert "Traceback" not in result.err, result
        assert exit_code in (None, result.exit_code), result
        return result

    def engine(self, file: str = "flow.py") -> subprocess.Popen[bytes]:
        """Start `kwf run` in the background; it ends with the test at the latest."""
        engine = subprocess.Popen(
            self._command(("run", file)),
            cwd=self.folder,
            env=self._environment(),
            stderr=subprocess.DEVNULL,
        )
        self.engines.append(engine)
        return engine

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def flow(self, body: str) -> None:
        """Write flow.py, which may write to the topic `OUT`."""
        manifest = f"manifest = {{'output_topics': ['{self.topic('out')}'], 'channels': ['early']}}"
        text = textwrap.dedent(body).replace("OUT", f"'{self.topic('out')}'")
        self.write("flow.py", f"{HEAD}{manifest}\n{text}")

    def run(self, file: str = "flow.py") -> Result:
        return self("run", file, "--until-idle")

    def topic(self, name: str) -> str:
        return self.prefix + name

    def send(self, topic: str, *records: tuple[str, str | None]) -> None:
        """Send records of (key, value), with one command."""
        lines = (
            json.dumps({"topic": self.topic(topic), "key": key, "value": value})
            for key, value in records
        )
        self("send", "-", stdin="\n".join(lines))

    def read(self, topic: str, count: int = 0) -> list[tuple[str, str]]:
        """Return (key, value) of `count` records, or of all that are there now."""
        until = ("--count", count, "--timeout", PATIENCE_S) if count else ("--timeout", 0.5)
        records = self("tail", self.topic(topic), "--from-start", "--json", *until).json_lines
        return [(record["key"], record["value"]) for record in records]

    def results(self, count: int = 0) -> dict[str, Any]:
        """Return the results by thread; none may be there twice."""
        found = [(key, json.loads(value)) for key, value in self.read("workflow-result", count)]
        assert len(dict(found)) == len(found), found
        return dict(found)

    def _command(self, arguments: Sequence[object]) -> list[str]:
        return [sys.executable, "-m", "kwf_runtime.cli", *map(str, arguments)]

    def _environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if "KWF" not in key}
        return inherited | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"} | self.environment


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A folder on the embedded default."""
    yield from _shell(Shell(tmp_path))


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shell]:
    """A folder on the embedded default, and one on a real broker."""
    shell = Shell(tmp_path)
    if request.param == "kafka":
        broker = request.getfixturevalue("kafka")
        shell.prefix = f"a{uuid.uuid4().hex[:10]}."
        shell.environment["KWF_PROPS"] = "my.properties"
        shell.write(
            "my.properties",
            f"bootstrap.servers={broker}\napplication.id={shell.prefix}app\n"
            f"workflow.topic.prefix={shell.prefix}\n",
        )
        shell("topics", "create", shell.topic("out"), "--partitions", 2)
    yield from _shell(shell)


def _shell(shell: Shell) -> Iterator[Shell]:
    yield shell
    for engine in shell.engines:
        engine.kill()
        engine.wait()
