"""The mock is chosen by a variable of the environment, and its state is of the process."""

from __future__ import annotations

import pytest

from kwf_runtime import mock


@pytest.fixture(autouse=True)
def mocked(monkeypatch):
    """The mock, active and fresh."""
    monkeypatch.setenv("KWF_MOCK", "1")
    mock.reset()
    yield mock
    mock.reset()
