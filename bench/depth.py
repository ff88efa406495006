"""What a resume costs in a chain of so many awaits: the compiled coroutine and the native one.

Both are driven by hand. The native leaf awaits an object whose iterator yields, as asyncio's
futures do; the compiled one a trap, as everything that suspends a workflow is.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from bench.report import table
from kwf_runtime.core.traps import Trap
from kwf_runtime.loader import load_program

SOURCE = Path(__file__).with_name("workflows") / "chain.py"
DEPTHS = (1, 10, 50, 1000)
_ROUNDS = 15


class _Tick(Trap):
    """Suspends each time it is awaited, and has been resumed when the frame asks again."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting = False

    def __kwf_await__(self) -> Any:
        self._waiting = False
        return self

    def __await__(self) -> Generator[Any, None, Any]:
        yield self

    def done(self) -> bool:
        self._waiting = not self._waiting
        return not self._waiting

    def exception(self) -> None:
        return None

    def result(self) -> None:
        return None


def run_depth(depths: Sequence[int] = DEPTHS, resumes: int = 5000) -> str:
    """Return the table of CPU µs per resume by depth."""
    compiled = load_program([SOURCE]).workflows["chain"].function.__globals__["call"]
    native = _native_call()
    rows = []
    for depth in depths:
        # A deep native chain is slow: fewer resumes take as long.
        ours = _resume_us(compiled(depth, _Tick()), resumes)
        theirs = _resume_us(native(depth, _Tick()), max(resumes * 10 // (depth + 10), 10))
        rows.append((str(depth), f"{ours:.2f}", f"{theirs:.2f}"))
    return table(("awaits in the chain", "compiled, CPU µs", "native, CPU µs"), rows)


def _native_call() -> Any:
    name = "bench_native_chain"
    spec = importlib.util.spec_from_file_location(name, SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.call


def _resume_us(coroutine: Any, resumes: int) -> float:
    """Return the least CPU time of a resume among some rounds: what others do only adds to it."""
    former = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)  # native coroutines recurse
    try:
        coroutine.send(None)
        best_s = min(_round_s(coroutine, resumes) for _ in range(_ROUNDS))
        coroutine.close()
    finally:
        sys.setrecursionlimit(former)
    return best_s / resumes * 1e6


def _round_s(coroutine: Any, resumes: int) -> float:
    send = coroutine.send
    begin = time.thread_time()
    for _ in range(resumes):
        send(None)
    return time.thread_time() - begin
