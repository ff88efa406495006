"""Trips in mock mode: the test plays the companies."""

import asyncio
from types import ModuleType
from typing import Any

import pytest

import kwf_runtime as W
from kwf_runtime import mock
from kwf_runtime.testing import advance, rest, run

WHAT = {"car": "a red Fiat 500", "hotel": "a room with a view", "flight": "seat 12A"}


def reservation(kind: str) -> str:
    """The id under which a company has to answer."""
    _, id_ = mock.last_topic_update[f"saga-reserve-{kind}"]
    assert id_ is not None
    return id_


async def accept(*kinds: str) -> None:
    for kind in kinds:
        await rest()
        await mock.resume(reservation(kind), WHAT[kind])


async def refuse(kind: str) -> None:
    await rest()
    await mock.reject(reservation(kind), f"no {kind} available")


def cancelled() -> list[str]:
    """What was taken back, in that order, each under the id of its reservation."""
    topics = [(topic, id_) for topic, _, id_ in mock.trace if topic.startswith("saga-cancel-")]
    kinds = [topic.removeprefix("saga-cancel-") for topic, _ in topics]
    assert [id_ for _, id_ in topics] == [reservation(kind) for kind in kinds]
    return kinds


def test_one_after_another(workflow: ModuleType) -> None:
    async def scenario() -> Any:
        trip = asyncio.create_task(workflow.main())
        await accept("car", "hotel", "flight")
        return await trip

    assert run(scenario()) == WHAT
    assert [topic for topic, _, _ in mock.trace] == [
        "saga-reserve-car",
        "saga-reserve-hotel",
        "saga-reserve-flight",
    ]


def test_together(workflow: ModuleType) -> None:
    async def scenario() -> Any:
        trip = asyncio.create_task(workflow.main({"together": True}))
        await accept("flight", "car", "hotel")
        return await trip

    assert run(scenario()) == WHAT
    assert cancelled() == []


def test_a_refusal_takes_back_what_was_booked(workflow: ModuleType) -> None:
    async def scenario() -> None:
        trip = asyncio.create_task(workflow.main())
        await accept("car", "hotel")
        await refuse("flight")
        with pytest.raises(W.WorkflowError, match="no flight available"):
            await trip

    run(scenario())
    assert cancelled() == ["hotel", "car"]


def test_a_refusal_cancels_what_was_asked_for(workflow: ModuleType) -> None:
    async def scenario() -> None:
        trip = asyncio.create_task(workflow.main({"together": True}))
        await accept("flight")
        await refuse("hotel")
        with pytest.raises(W.WorkflowError, match="no hotel available"):
            await trip

    run(scenario())
    assert cancelled() == ["car", "flight"]


@pytest.mark.parametrize("together", [False, True])
def test_silence_is_no_booking(workflow: ModuleType, together: bool) -> None:
    async def scenario() -> None:
        trip = asyncio.create_task(workflow.main({"together": together, "timeout_s": 30}))
        await accept("car")
        await advance(31)
        with pytest.raises(TimeoutError, match=r"no \w+ within 30 s"):
            await trip

    run(scenario())
    assert set(cancelled()) == {"car", "hotel"} | ({"flight"} if together else set())


def test_a_cancelled_trip_is_taken_back(workflow: ModuleType) -> None:
    async def scenario() -> None:
        trip = asyncio.create_task(workflow.main())
        await accept("car")
        W.cancel(trip)
        with pytest.raises(asyncio.CancelledError):
            await trip

    run(scenario())
    assert cancelled() == ["hotel", "car"]
