"""Where the microseconds of a step go.

Probes are put around the functions below; a phase has the CPU time of this OS thread inside them,
without that of phases within. What the probes cost is measured and taken off. Once the decoded
threads are kept at hand, as for threads that are busy, and once each step loads its thread.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any

from bench.load import Load, program
from bench.report import table
from bench.rounds import filled_database
from kwf_runtime import serial
from kwf_runtime.core import engine
from kwf_runtime.runners import join as join_module
from kwf_runtime.runners import sqlite
from kwf_runtime.runners.envelope import ThreadRecord
from kwf_runtime.runners.join import Join
from kwf_runtime.runners.local import LocalRunner
from kwf_runtime.runners.sqlite import SqliteLog, SqliteRunner
from kwf_runtime.runners.stepper import Limits

TURN = "the turn around it"
PHASES = (
    ("read the log", sqlite, "read_records"),
    ("join: which thread, which policy", Join, "apply"),
    ("decode the record", join_module, "decode_event"),
    ("read the store", SqliteLog, "get"),
    ("load the thread", None, "loads"),
    ("step: run the workflow's code", engine, "step"),
    ("save the thread", None, "dumps"),
    ("encode what the store keeps", ThreadRecord, "encode"),
    ("commit", SqliteLog, "commit"),
    (TURN, LocalRunner, "run"),
)
_CALIBRATION = 20_000


class Probes:
    """CPU time by phase, without what is inside of it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)
        self._inner_s = [0.0]

    def probed(self, phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with a probe around it."""
        clock, inner_s = time.thread_time, self._inner_s

        def call(*args: Any, **kwargs: Any) -> Any:
            inner_s.append(0.0)
            begin = clock()
            try:
                return function(*args, **kwargs)
            finally:
                took = clock() - begin
                self.seconds[phase] += took - inner_s.pop()
                self.calls[phase] += 1
                inner_s[-1] += took

        return call

    def cost(self) -> tuple[float, float]:
        """Return what a probe adds to its own phase, and to the one around it."""
        probes = Probes()
        inner = probes.probed("inner", lambda: None)

        def repeat() -> None:
            for _ in range(_CALIBRATION):
                inner()

        probes.probed("outer", repeat)()
        return probes.seconds["inner"] / _CALIBRATION, probes.seconds["outer"] / _CALIBRATION


class _Codec:
    """The codec of production, with probes."""

    def __init__(self, probes: Probes) -> None:
        self.dumps = probes.probed("save the thread", serial.dumps)
        self.loads = probes.probed("load the thread", serial.loads)


def run_phases(load: Load, rounds: int) -> str:
    """Return the table of microseconds by phase, on SQLite."""
    _measure(Load(threads=10, awaits=2), Limits())
    warm = [_measure(load, Limits()) for _ in range(rounds)]
    cold = [_measure(load, Limits(cache_bytes=0)) for _ in range(rounds)]
    rows = [
        (phase, *(f"{median(one[phase] for one in runs):.1f}" for runs in (warm, cold)))
        for phase, _, _ in PHASES
    ]
    totals = [f"{median(sum(one.values()) for one in runs):.1f}" for runs in (warm, cold)]
    head = ("CPU µs per step on SQLite", "decoded at hand", "loaded each time")
    return table(head, [*rows, ("all", *totals)])


def _measure(load: Load, limits: Limits) -> dict[str, float]:
    """Run one load; return µs per step by phase."""
    probes = Probes()
    with filled_database(load) as settings, _in_place(probes):
        codec: Any = _Codec(probes)
        runner = SqliteRunner(program(), settings, codec=codec, limits=limits)
        runner.run(True, threading.Event())
        runner.close()
    own_s, around_s = probes.cost()
    probes.seconds[TURN] -= around_s * sum(probes.calls.values())
    return {
        phase: max(probes.seconds[phase] - own_s * probes.calls[phase], 0.0) / load.steps * 1e6
        for phase, _, _ in PHASES
    }


@contextmanager
def _in_place(probes: Probes) -> Iterator[None]:
    """Put the probes around the functions, for the time of the block."""
    with ExitStack() as undo:
        for phase, owner, name in PHASES:
            if owner is not None:
                original = vars(owner)[name]
                setattr(owner, name, probes.probed(phase, original))
                undo.callback(setattr, owner, name, original)
        yield
