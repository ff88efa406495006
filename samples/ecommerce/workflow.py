"""A shopping cart that lives for weeks.

What the customer does arrives in the channel `cart`. After a silence the customer is reminded,
after a second one the cart is abandoned; whatever the customer does in between ends the silence.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import kwf_runtime as W

WEEK_S = 7 * 24 * 3600

manifest = {
    "output_topics": ["ecommerce-reminder", "ecommerce-cart", "ecommerce-error"],
    "channels": ["cart"],
}


@dataclass
class Cart:
    email: str = ""
    items: dict[str, int] = field(default_factory=dict)

    def add(self, product: str, quantity: int) -> None:
        self.items[product] = self.items.get(product, 0) + quantity

    def remove(self, product: str, quantity: int) -> None:
        self.add(product, -quantity)
        if self.items[product] <= 0:
            del self.items[product]

    def content(self) -> dict[str, Any]:
        items = [{"productId": id_, "quantity": quantity} for id_, quantity in self.items.items()]
        return {"email": self.email, "items": items}


async def main(options: dict[str, Any] | None = None) -> Any:
    """Keep a cart until it is checked out or abandoned.

    Args:
        options: `silence_s`: after how long a silence the customer is reminded.
    """
    silence_s = (options or {}).get("silence_s", WEEK_S)
    messages = W.channel("cart")
    cart = Cart()
    reminded = False
    while True:
        try:
            async with asyncio.timeout(silence_s):
                message = await messages.get()
        except TimeoutError:
            if reminded or not cart.email:
                return "abandoned"
            W.output(cart.email, "ecommerce-reminder")
            reminded = True
            continue
        reminded = False
        match message:
            case {
                "type": "addToCart",
                "item": {"productId": str(product), "quantity": int(quantity)},
            }:
                cart.add(product, quantity)
            case {
                "type": "removeFromCart",
                "item": {"productId": str(product), "quantity": int(quantity)},
            }:
                cart.remove(product, quantity)
            case {"type": "updateEmail", "email": str(email)}:
                cart.email = email
            case {"type": "getCart"}:
                W.output_json(cart.content(), "ecommerce-cart")
            case {"type": "checkout"} if not cart.email:
                W.output("Must have email to check out!", "ecommerce-error")
            case {"type": "checkout"} if not cart.items:
                W.output("Must have items to check out!", "ecommerce-error")
            case {"type": "checkout"}:
                return cart.content()
            case _:
                W.output_json({"misunderstood": message}, "ecommerce-error")
