"""Carts in mock mode, on a virtual clock: weeks pass in no time."""

import asyncio
from types import ModuleType
from typing import Any

from kwf_runtime import mock
from kwf_runtime.testing import advance, run

EMAIL = {"type": "updateEmail", "email": "someone@example.com"}
CHECKOUT = {"type": "checkout"}


def item(type_: str, product: str, quantity: int) -> dict[str, Any]:
    return {"type": type_, "item": {"productId": product, "quantity": quantity}}


def play(workflow: ModuleType, *events: dict[str, Any] | float) -> Any:
    """Feed messages to a cart, and let seconds pass where there is a number."""

    async def scenario() -> Any:
        thread = asyncio.create_task(workflow.main({"silence_s": 100}))
        for event in events:
            if isinstance(event, dict):
                await mock.resume("cart", event)
            else:
                await advance(event)
        return await thread

    return run(scenario())


def test_checkout(workflow: ModuleType) -> None:
    result = play(
        workflow,
        CHECKOUT,
        EMAIL,
        CHECKOUT,
        item("addToCart", "teapot", 10),
        item("addToCart", "cigar", 11),
        item("addToCart", "teapot", 20),
        {"type": "updateEmail", "email": "someone.else@example.com"},
        item("removeFromCart", "cigar", 11),
        item("addToCart", "sugar", 2),
        CHECKOUT,
    )
    assert result == {
        "email": "someone.else@example.com",
        "items": [{"productId": "teapot", "quantity": 30}, {"productId": "sugar", "quantity": 2}],
    }
    assert mock.trace == [
        ("ecommerce-error", "mock", "Must have email to check out!"),
        ("ecommerce-error", "mock", "Must have items to check out!"),
    ]


def test_query(workflow: ModuleType) -> None:
    play(workflow, EMAIL, item("addToCart", "tea", 1), {"type": "getCart"}, CHECKOUT)
    ((topic, _, cart),) = mock.trace
    assert topic == "ecommerce-cart"
    assert cart is not None
    assert "someone@example.com" in cart
    assert "tea" in cart


def test_what_is_no_message_is_reported(workflow: ModuleType) -> None:
    play(workflow, {"type": "addToCart", "item": {}}, EMAIL, item("addToCart", "tea", 1), CHECKOUT)
    assert [topic for topic, _, _ in mock.trace] == ["ecommerce-error"]


def test_reminded_and_back_again(workflow: ModuleType) -> None:
    result = play(workflow, EMAIL, 150, item("addToCart", "sugar", 2), 90, CHECKOUT)
    assert result["items"] == [{"productId": "sugar", "quantity": 2}]
    assert mock.trace == [("ecommerce-reminder", "mock", "someone@example.com")]


def test_each_silence_reminds(workflow: ModuleType) -> None:
    assert play(workflow, EMAIL, 101, EMAIL, 101, EMAIL, 202) == "abandoned"
    assert [topic for topic, _, _ in mock.trace] == ["ecommerce-reminder"] * 3


def test_abandoned_after_the_second_silence(workflow: ModuleType) -> None:
    assert play(workflow, EMAIL, 99, EMAIL, 199, 2) == "abandoned"
    assert mock.trace == [("ecommerce-reminder", "mock", "someone@example.com")]


def test_abandoned_at_once_without_an_address(workflow: ModuleType) -> None:
    assert play(workflow, item("addToCart", "tea", 1), 101) == "abandoned"
    assert mock.trace == []
