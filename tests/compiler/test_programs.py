"""Every program of tests/programs does the same natively, compiled, and saved at every suspension.

Besides the program's own script, an exception is thrown, and the coroutine is closed, at each of its suspensions.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.programs_support import (
    PROGRAMS,
    InjectedError,
    Run,
    SaveAndLoad,
    is_savable,
    load_compiled,
    load_native,
    run,
    run_in_processes,
    run_on_engine,
    stay,
)

pytestmark = pytest.mark.timeout(60)

ALL = sorted(PROGRAMS.glob("*.py"))
MAX_FAULTS = 25
"""Programs with more suspensions than this have faults injected at the first ones only."""


def refused_code(path: Path) -> str | None:
    """The diagnostic that a program's ``# refused:`` mark names."""
    found = re.search(r"^# refused: (KWF\d+)", path.read_text(), re.MULTILINE)
    return found[1] if found else None


RUN = [path for path in ALL if refused_code(path) is None]
MODES = [
    (path, mode)
    for path in RUN
    for mode in ("compiled", "saved")
    if mode == "compiled" or is_savable(path)
]
by_mode = pytest.mark.parametrize(
    ("path", "mode"), MODES, ids=lambda one: one.stem if isinstance(one, Path) else one
)
REFUSED = [path for path in ALL if refused_code(path) is not None]


@cache
def native(path: Path) -> Run:
    return run(path, load_native)


@cache
def native_fault(path: Path, kind: str, at: int) -> Run:
    return run(path, load_native, replace={at: injected(kind)})


def injected(kind: str) -> object:
    return GeneratorExit if kind == "close" else InjectedError("injected")


def check(path: Path, mode: str, replace: dict[int, object], expected: Run) -> None:
    # With a fault, what comes before it is the same as without.
    hop = SaveAndLoad(path, min(replace, default=0)) if mode == "saved" else stay
    actual = run(path, load_compiled, hop=hop, replace=replace)
    assert actual.trace == expected.trace
    for shown, full in zip(actual.tracebacks, expected.tracebacks, strict=True):
        if mode == "saved":
            # Lines that an exception had passed before it was saved are lost: the innermost ones.
            full = full[: len(shown)]
        if replace:
            # CPython's throw() loses the lines below a frame that handles another exception.
            shown = shown[: len(full)]
        assert shown == full
    if mode == "compiled":
        assert actual.complaints == expected.complaints


@by_mode
def test_program(path: Path, mode: str) -> None:
    check(path, mode, {}, native(path))


@pytest.mark.parametrize("kind", ["throw", "close"])
@by_mode
def test_faults(path: Path, mode: str, kind: str) -> None:
    if not getattr(load_native(path), "FAULTS", True):
        pytest.skip("the program says that what it does then depends on the collector")
    for at in range(min(native(path).suspensions, MAX_FAULTS)):
        expected = native_fault(path, kind, at)
        if expected.complaints:
            continue  # an orphan was left to the collector
        try:
            check(path, mode, {at: injected(kind)}, expected)
        except AssertionError as error:
            error.add_note(f"with {kind} at suspension {at}")
            raise


@pytest.mark.parametrize(
    "path",
    [path for path in RUN if "# not on the engine:" not in path.read_text()],
    ids=lambda path: path.stem,
)
def test_engine(path: Path) -> None:
    assert run_on_engine(path) == native(path).trace


@pytest.mark.slow
@pytest.mark.parametrize("name", ["closures_shared_cell", "exception_kept", "identity", "saga"])
def test_processes(name: str, tmp_path: Path) -> None:
    path = PROGRAMS / f"{name}.py"
    assert run_in_processes(path, tmp_path) == native(path).trace


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_refused(path: Path) -> None:
    import kwf_compiler

    with pytest.raises(kwf_compiler.CompileError) as caught:
        kwf_compiler.compile_source(path.read_text(), str(path))
    assert refused_code(path) in [one.code for one in caught.value.diagnostics]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_is_deterministic(path: Path) -> None:
    """The oracle must agree with itself; a program that shows an address would not."""
    assert run(path, load_native) == native(path)
