"""The question and its answer, in mock mode: the test plays the world."""

import asyncio
from types import ModuleType

from kwf_runtime import mock
from kwf_runtime.testing import run


def test_answer(workflow: ModuleType) -> None:
    async def scenario() -> str:
        thread = asyncio.create_task(workflow.main("Ada"))
        await mock.resume("colour", "green")
        return await thread

    assert run(scenario()) == "Ada likes green"
    assert mock.trace == [("questions", "mock", "What is your favourite colour, Ada?")]
