"""The command line in this process, in a folder of its own."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kwf_runtime.cli.main import run


@dataclass(frozen=True)
class Result:
    """What a command left: its exit code and what it printed."""

    exit_code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json_lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines]


Kwf = Callable[..., Result]


@pytest.fixture
def kwf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Kwf]:
    """`kwf("start", "t1")` runs the command in a fresh folder; `exit_code=` is what it must end with."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KWF_PROPS", raising=False)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def call(*arguments: object, exit_code: int = 0) -> Result:
        capsys.readouterr()
        try:
            code = run([str(argument) for argument in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        result = Result(code, captured.out, captured.err)
        assert code == exit_code, result
        return result

    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)
