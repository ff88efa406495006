"""The contract suite on every runner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runners.contract import *  # noqa: F403
from tests.runners.harness import Harness, open_harness

RUNNERS = ["memory", "sqlite", pytest.param("kafka", marks=pytest.mark.kafka)]


@pytest.fixture(params=RUNNERS)
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    opened = open_harness(request.param, tmp_path)
    yield opened
    opened.close()
