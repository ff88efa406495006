"""`kwf run --workers N`: N processes of the same command, kept alive by one that does no work.

The supervisor holds a pipe to each worker's stdin: closing it asks the worker to finish its batch
and end, and so does the supervisor's own death, whatever its cause. Limits: a worker that dies is
started again, later and later; one that ends with an error of its own (wrong usage, a source that
cannot be compiled) ends them all, for the others have the same one.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Final

log = logging.getLogger("kwf")

WORKER_VARIABLE: Final = "KWF_WORKER"
_POLL_S: Final = 0.1
_FIRST_DELAY_S: Final = 0.5
_LONGEST_DELAY_S: Final = 30.0
_GOOD_RUN_S: Final = 60.0


@dataclass
class _Worker:
    """One place in the team, and the process that has it now."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    delay_s: float = _FIRST_DELAY_S

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            _worker_command(),
            stdin=subprocess.PIPE,
            env=os.environ | {WORKER_VARIABLE: str(self.number)},
            # Ctrl-C reaches the supervisor alone, which asks the workers once.
            start_new_session=True,
        )

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()


def supervise(count: int, stop: threading.Event) -> int:
    """Run `count` workers until `stop` is set or all have ended; return the exit code."""
    team = [_Worker(number) for number in range(count)]
    for worker in team:
        worker.start()
    log.info("%d workers started", count)
    exit_code = 0
    while team and not stop.wait(_POLL_S):
        for worker in list(team):
            code = None if worker.process is None else worker.process.poll()
            if worker.process is None:
                if time.monotonic() - worker.started_at >= worker.delay_s:
                    worker.start()
            elif code is None:
                continue
            elif code == 0:
                worker.ask_to_stop()
                team.remove(worker)
            elif code > 0:
                log.error("worker %d ended with exit code %d", worker.number, code)
                exit_code = exit_code or code
                stop.set()
            else:
                _plan_restart(worker, -code)
    for worker in team:
        worker.ask_to_stop()
    codes = [worker.process.wait() for worker in team if worker.process is not None]
    return exit_code or max([0, *codes])


def stop_with_supervisor(stop: threading.Event) -> None:
    """In a worker: set `stop` when the supervisor closes the pipe, or is gone."""
    if WORKER_VARIABLE not in os.environ:
        return

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        stop.set()

    threading.Thread(target=watch, name="kwf-supervisor-watch", daemon=True).start()


def _plan_restart(worker: _Worker, signal_number: int) -> None:
    now = time.monotonic()
    if now - worker.started_at > _GOOD_RUN_S:
        worker.delay_s = _FIRST_DELAY_S
    else:
        worker.delay_s = min(worker.delay_s * 2, _LONGEST_DELAY_S)
    log.warning(
        "worker %d was killed by signal %d; another one starts in %.1f s",
        worker.number,
        signal_number,
        worker.delay_s,
    )
    worker.ask_to_stop()
    worker.process = None
    worker.started_at = now


def _worker_command() -> list[str]:
    """Return this process's own command for one worker: the last `--workers` counts."""
    arguments = sys.argv[1:]
    return [sys.executable, "-m", "kwf_runtime.cli", *_without_workers(arguments)]


def _without_workers(arguments: list[str]) -> list[str]:
    kept: list[str] = []
    skip = False
    for argument in arguments:
        if skip:
            skip = False
        elif argument == "--workers":
            skip = True
        elif not argument.startswith("--workers="):
            kept.append(argument)
    return kept
