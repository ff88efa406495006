"""Each pass gives the text that its cases expect: ``cases/<pass>/*.test``.

A case is a program, a line ``# output``, and what ``kwf compile --emit=PASS`` prints for it; what cannot be compiled
prints its findings. ``pytest tests/compiler --update-cases`` writes the second half anew: look at the difference.
"""

from __future__ import annotations

import re
import textwrap
import types
from pathlib import Path

import pytest

from kwf_compiler import CompileError
from kwf_compiler.ir import build
from kwf_compiler.passes import anf, comprehensions, desugar
from kwf_compiler.pipeline import PASSES, Compilation
from kwf_compiler.transform import simplify

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


EXAMPLES = [
    (desugar, "desugar/docstring"),
    (comprehensions, "desugar/docstring_comprehensions"),
    (anf, "anf/docstring"),
    (build, "cfg/docstring"),
    (simplify, "simplify/docstring"),
]


@pytest.mark.parametrize(("module", "name"), EXAMPLES, ids=[name for _, name in EXAMPLES])
def test_the_example_of_a_pass_is_a_case(module: types.ModuleType, name: str) -> None:
    source, _, output = (CASES / f"{name}.test").read_text().partition(MARK)
    if module is simplify:  # from blocks to blocks
        source = output_of(source, "cfg")
    before, after = (
        re.search(rf"^{word}::\n\n((?:(?:    .*)?\n)+)", module.__doc__ or "", re.MULTILINE)
        for word in ("Before", "After")
    )
    for example, text in ((before, source), (after, output)):
        assert example
        plain = textwrap.dedent(example[1]).rstrip()
        assert any(textwrap.indent(plain, margin) in text for margin in ("  ", "    "))
