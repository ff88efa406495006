"""Every command of every sample's README does what the README says, on each runner."""

from __future__ import annotations

from pathlib import Path

import pytest

from samples.conftest import SAMPLES, Console, play


@pytest.fixture(params=sorted(SAMPLES.glob("*/README.md")), ids=lambda path: path.parent.name)
def sample(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param.parent
    return folder


@pytest.mark.slow
def test_readme(sample: Path, console: Console) -> None:
    try:
        play(console, sample / "README.md")
    except BaseException as error:
        error.add_note(console.logs())
        raise
