"""The benchmarks run, and print a table; what it says is no matter of tests."""

from __future__ import annotations

import re
import sys

import pytest

from bench.__main__ import main

TINY = ["--threads", "3", "--awaits", "3", "--rounds", "1"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["ratio", *TINY],
        ["phases", *TINY],
        ["age", "--awaits", "10", "--timed", "3"],
        ["depth", "--resumes", "10", "--depths", "1", "3"],
        ["startup", "--rounds", "1"],
        pytest.param(
            ["ratio", *TINY, "--stores", "kafka"], marks=[pytest.mark.kafka, pytest.mark.slow]
        ),
    ],
    ids=" ".join,
)
def test_in_this_process(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    check_table(arguments, capfd)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("arguments", [["closed", *TINY], ["suspended", "--threads", "5"]])
def test_with_an_engine_of_its_own(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    check_table(arguments, capfd)


def check_table(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    main(arguments)
    machine, head, *rows = capfd.readouterr().out.splitlines()
    assert "CPython" in machine
    assert head.strip()
    assert rows and all(re.search(r"\d", row) for row in rows)
