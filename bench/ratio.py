"""The engine against the bare loops: resumes per second, CPU µs per step, and their ratio."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from statistics import median

from bench.load import Load
from bench.report import Sample, spread, table
from bench.rounds import ROUNDS

HEAD = ("", "resumes/s", "CPU µs/step")


def run_ratio(stores: Sequence[str], load: Load, rounds: int) -> str:
    """Run bare loop and engine in turn, so that what the machine does meanwhile hits both."""
    rows: list[tuple[str, ...]] = []
    for store in stores:
        bare, engine = ROUNDS[store]
        small = Load(threads=min(load.threads, 10), awaits=min(load.awaits, 2))
        engine(small)  # what is done once in a process is no part of a step
        pairs: list[tuple[Sample, Sample]] = []
        for _ in range(rounds):
            gc.collect()
            without = bare(load)
            gc.collect()
            pairs.append((without, engine(load)))
        rows += _rows(store, pairs)
    return table(HEAD, rows)


def _rows(store: str, pairs: list[tuple[Sample, Sample]]) -> list[tuple[str, ...]]:
    bare, engine = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    slower = median(one.rate / other.rate for one, other in pairs)
    dearer = median(other.cpu_us / one.cpu_us for one, other in pairs)
    return [
        (f"{store}, bare loop", *_cells(bare)),
        (f"{store}, kwf", *_cells(engine)),
        (f"{store}, kwf costs", f"{slower:.1f} times", f"{dearer:.1f} times"),
    ]


def _cells(samples: list[Sample]) -> tuple[str, str]:
    return spread([one.rate for one in samples]), spread([one.cpu_us for one in samples], 1)
