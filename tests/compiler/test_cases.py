"""Each pass gives the text that its cases expect: ``cases/<pass>/*.test``.

A case is a program, a line ``# output``, and what ``kwf compile --emit=PASS`` prints for it; what cannot be compiled
prints its findings. ``pytest tests/compiler --update-cases`` writes the second half anew: look at the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kwf_compiler import CompileError
from kwf_compiler.pipeline import PASSES, Compilation

CASES = Path(__file__).parent / "cases"
ALL = sorted(CASES.glob("*/*.test"))
MARK = "# output\n"


def output_of(source: str, stop: str) -> str:
    try:
        return "\n\n".join(Compilation(source, "w.py", stop=stop).run().printed) + "\n"
    except CompileError as error:
        return f"{error}\n"


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.parent.name}-{case.stem}")
def test_case(case: Path, request: pytest.FixtureRequest) -> None:
    source, mark, expected = case.read_text().partition(MARK)
    actual = output_of(source, case.parent.name)
    if request.config.getoption("--update-cases", default=False):
        case.write_text(f"{source}{MARK}{actual}")
    else:
        assert mark
        assert actual == expected


def test_every_pass_has_cases() -> None:
    assert {case.parent.name for case in ALL} == set(PASSES)
