"""`kwf run --workers`: a team of processes that one without work keeps alive, and takes along."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kwf_runtime.cli import workers
from tests.cli.conftest import Kwf

PATIENCE_S = 30.0
WAIT_FOR_STOP = "import sys; sys.stdin.read(); "


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workers, "_POLL_S", 0.005)
    monkeypatch.setattr(workers, "_FIRST_DELAY_S", 0.005)
    monkeypatch.setattr(workers, "_LONGEST_DELAY_S", 0.02)


def team_of(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let a worker run that code, with its number in `number`."""
    start = f"import os, signal, pathlib; number = os.environ['{workers.WORKER_VARIABLE}']; "
    command = [sys.executable, "-c", start + code]
    monkeypatch.setattr(workers, "_worker_command", lambda: command)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)


def test_it_ends_when_all_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    team_of(monkeypatch, "pathlib.Path(number).touch()")
    assert workers.supervise(3, threading.Event()) == 0
    assert sorted(path.name for path in Path().iterdir()) == ["0", "1", "2"]


def test_stop_asks_each_by_closing_its_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    team_of(
        monkeypatch,
        "pathlib.Path('up-' + number).touch(); "
        + WAIT_FOR_STOP
        + "pathlib.Path('drained-' + number).touch()",
    )
    stop = threading.Event()
    codes: list[int] = []
    supervisor = threading.Thread(target=lambda: codes.append(workers.supervise(2, stop)))
    supervisor.start()
    wait_until(lambda: Path("up-0").exists() and Path("up-1").exists())
    stop.set()
    supervisor.join(PATIENCE_S)
    assert codes == [0]
    assert Path("drained-0").exists()
    assert Path("drained-1").exists()


def test_one_that_is_killed_starts_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    team_of(
        monkeypatch,
        "again = pathlib.Path('again').exists(); pathlib.Path('again').touch(); "
        "again or os.kill(os.getpid(), signal.SIGKILL)",
    )
    assert workers.supervise(1, threading.Event()) == 0
    assert "worker 0 was killed by signal 9; another one starts in" in caplog.text


def test_one_that_fails_ends_them_all(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    team_of(monkeypatch, "import sys; number == '1' and sys.exit(2); " + WAIT_FOR_STOP)
    assert workers.supervise(3, threading.Event()) == 2
    assert "worker 1 ended with exit code 2" in caplog.text


def test_the_pause_before_a_restart_grows_and_is_forgotten() -> None:
    worker = workers._Worker(0, delay_s=0.005)
    worker.started_at = time.monotonic()
    for expected in (0.01, 0.02, 0.02):
        workers._plan_restart(worker, signal.SIGKILL)
        assert worker.delay_s == expected
    worker.started_at = time.monotonic() - 2 * workers._GOOD_RUN_S
    workers._plan_restart(worker, signal.SIGKILL)
    assert worker.delay_s == 0.005


def test_a_worker_stops_with_its_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        stop = threading.Event()
        workers.stop_with_supervisor(stop)
        assert not stop.is_set(), "not a worker"
        monkeypatch.setenv(workers.WORKER_VARIABLE, "0")
        workers.stop_with_supervisor(stop)
        os.close(writer)
        assert stop.wait(PATIENCE_S)


def test_a_worker_gets_the_command_without_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["run", "--workers", "3", "a.py", "--workers=4", "--props", "p", "-v"]
    monkeypatch.setattr(sys, "argv", ["kwf", *arguments])
    assert workers._worker_command()[3:] == ["run", "a.py", "--props", "p", "-v"]


def test_workers_need_kafka(kwf: Kwf) -> None:
    Path("flow.py").write_text("async def main(a): pass\n")
    assert "--workers needs Kafka" in kwf("run", "flow.py", "--workers", 2, exit_code=2).err
