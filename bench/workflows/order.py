"""What the benchmarks run: an order whose parts are reserved one after another.

Its state is that of a small saga: an object with a list and a dict, a closure that compensates, a
`try` around the await, two frames. It does not grow with the number of awaits.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import kwf_runtime as W  # noqa: N812  (as workflows do)

manifest = {"output_topics": ["bench-commands"]}


@dataclass
class Order:
    customer: str
    items: list[dict[str, Any]]
    prices: dict[str, int] = field(default_factory=dict)
    reserved: int = 0


async def reserve(order: Order, number: int) -> Any:
    """Ask for one part, and wait for the answer."""
    # The ids are the workflow's own, so that answers can be in the log before the question.
    answer = W.suspend(f"part-{number}")
    part = order.items[number % len(order.items)]
    W.output_json({"ref": answer.id, "customer": order.customer, "part": part}, "bench-commands")
    return await answer


async def main(argument: dict[str, Any]) -> Any:
    """Reserve so many parts.

    Args:
        argument: `customer`; `awaits`: how many parts.
    """
    names = ("frame", "wheel", "saddle")
    order = Order(argument["customer"], [{"name": name, "quantity": 1} for name in names])
    undo: Callable[[], None] | None = None
    for number in range(argument["awaits"]):
        try:
            booking = await reserve(order, number)
        except W.WorkflowError:
            if undo is not None:
                undo()
            raise
        order.reserved += 1
        order.prices[names[number % len(names)]] = booking["price"]

        def undo(id_: str = booking["id"]) -> None:
            W.output_json({"cancel": id_}, "bench-commands")

    return {"customer": order.customer, "reserved": order.reserved, "prices": order.prices}
