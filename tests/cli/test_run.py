"""`kwf run`: until idle, until a signal, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Kwf

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60
FLOW = """\
import asyncio
import kwf_runtime as W


async def main(arg):
    if arg == "sleep":
        await asyncio.sleep(3600)
    if arg == "raise":
        raise ValueError("nothing to do")
    return await W.suspend("answer")
"""


class Engine:
    """`kwf run` in the background, with its stderr at hand."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kwf_runtime.cli", "run", *arguments],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.first_line = self.process.stderr.readline()

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal; return the exit code and the rest of stderr."""
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, err


@pytest.fixture
def engine(kwf: Kwf) -> Iterator[Engine]:
    Path("flow.py").write_text(FLOW)
    engine = Engine("flow.py")
    yield engine
    engine.process.kill()
    engine.process.communicate()


@pytest.mark.slow
def test_it_says_where_it_listens_and_what_it_runs(engine: Engine) -> None:
    assert engine.first_line.endswith("INFO listening on sqlite kwf.db, workflows: flow\n")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0(engine: Engine, number: signal.Signals) -> None:
    code, err = engine.end(number)
    assert (code, "Traceback" in err) == (0, False)
    assert "stopped by a signal" in err


@pytest.mark.slow
def test_commands_work_beside_it(engine: Engine, kwf: Kwf) -> None:
    kwf("start", "t1")
    kwf("resume", "t1", "answer", "--value", '"yes"')
    result = kwf("tail", "workflow-result", "--from-start", "--count", 1, "--timeout", PATIENCE_S)
    assert result.out == '0:0\tt1\t"yes"\n'
    assert "engine: another engine (pid " in kwf("doctor").out


@pytest.mark.slow
def test_a_second_engine_on_the_file_is_refused(engine: Engine, kwf: Kwf) -> None:
    assert "another engine (pid" in kwf("run", "flow.py", "--until-idle", exit_code=2).err


def run_idle(kwf: Kwf) -> None:
    Path("flow.py").write_text(FLOW)
    kwf("run", "flow.py", "--until-idle")


def test_until_idle_does_what_can_be_done_now(kwf: Kwf) -> None:
    for thread, argument in (("a", "null"), ("b", '"sleep"'), ("c", '"raise"')):
        kwf("start", thread, "--input", argument)
    run_idle(kwf)
    assert [line.split()[0] for line in kwf("threads").lines[1:]] == ["a", "b"]
    assert kwf("tail", "workflow-error", "--from-start", "--timeout", 0).out == (
        '0:0\tc\t"ValueError: nothing to do"\n'
    )


def test_cancel_ends_a_thread(kwf: Kwf) -> None:
    kwf("start", "t1")
    run_idle(kwf)
    assert kwf("cancel", "t1").err == ""
    run_idle(kwf)
    assert kwf("threads").out == ""
    assert "CancelToken" in kwf("tail", "workflow-error", "--from-start", "--timeout", 0).out


def test_notes_on_properties_are_logged(kwf: Kwf, caplog: pytest.LogCaptureFixture) -> None:
    Path("my.properties").write_text("state.dir=/tmp\n")
    Path("flow.py").write_text(FLOW)
    with caplog.at_level("INFO", logger="kwf"):
        kwf("run", "flow.py", "--until-idle", "--props", "my.properties")
    assert "state.dir is left out" in caplog.text
