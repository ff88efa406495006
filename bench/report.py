"""Samples, and how they are printed."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """One round: what it did, and what it took.

    Attributes:
        steps: Records that were applied.
        resumes: Those of them that resume a thread.
        wall_s: From when the first could be read until the last was committed.
        cpu_s: Time of processors of the whole process meanwhile, threads of libraries included.
    """

    steps: int
    resumes: int
    wall_s: float
    cpu_s: float

    @property
    def rate(self) -> float:
        """Resumes per second; the time of the starts counts, they do not."""
        return self.resumes / self.wall_s

    @property
    def cpu_us(self) -> float:
        """CPU µs per step."""
        return self.cpu_s / self.steps * 1e6


class Watch:
    """Takes wall and CPU time of this process."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def sample(self, steps: int, resumes: int) -> Sample:
        """Return what passed since the watch was made."""
        cpu, wall = time.process_time(), time.perf_counter()
        return Sample(steps, resumes, wall - self._wall, cpu - self._cpu)


def child_cpu_s() -> float:
    """Return the CPU time of the children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Return median and range."""
    median, low, high = statistics.median(values), min(values), max(values)
    return f"{median:,.{digits}f} ({low:,.{digits}f}…{high:,.{digits}f})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows in columns; the first column to the left, the others to the right."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def machine() -> str:
    """Return what the figures depend on, and how busy the machine is with other things."""
    load, _, _ = os.getloadavg()
    return (
        f"{time.strftime('%Y-%m-%d')}, CPython {platform.python_version()}, "
        f"{os.cpu_count()} cores, load average {load:.1f}"
    )
