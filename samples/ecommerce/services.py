"""The shop around the carts: mails the reminders, and lets a customer act from a terminal.

    python services.py mailer [--props FILE] [--mails N]
    python services.py shop CART add PRODUCT [QUANTITY] | remove PRODUCT [QUANTITY]
                                | email ADDRESS | show | checkout   [--props FILE]

The mailer gives each mail the place of its record as an id. Killed and started again, it reads its
topic from the start: it is by that id that a mail server drops the second copy.
"""

from __future__ import annotations

import argparse
import json

from kwf_runtime.runners.base import Client, open_client
from kwf_runtime.runners.records import OutRecord
from kwf_runtime.settings import Settings, load_settings


def mail_reminders(client: Client, mails: int | None) -> None:
    """Print the reminders as the mails that they are, so many of them, or for ever."""
    for record in client.tail("ecommerce-reminder", from_start=True, count=mails, timeout_s=None):
        address, cart = (record.value or b"").decode(), (record.key or b"").decode()
        mail_id = f"{record.partition}-{record.offset}"
        print(f"mail {mail_id} to {address}: your cart {cart} is waiting", flush=True)


def message_of(action: str, words: list[str]) -> dict[str, object]:
    """Return the message that a cart understands."""
    match action, words:
        case "add" | "remove", [product, *quantity] if len(quantity) <= 1:
            item = {"productId": product, "quantity": int(quantity[0]) if quantity else 1}
            return {"type": "addToCart" if action == "add" else "removeFromCart", "item": item}
        case "email", [address]:
            return {"type": "updateEmail", "email": address}
        case "show", []:
            return {"type": "getCart"}
        case "checkout", []:
            return {"type": "checkout"}
    raise SystemExit(f"services.py: cannot {action} {' '.join(words)}")


def send_message(client: Client, settings: Settings, cart: str, message: object) -> None:
    """Put a message into the channel of a cart."""
    body = json.dumps({"ref": "cart", "value": message}).encode()
    client.send([OutRecord(settings.resume_topic, cart.encode(), body)])


def main() -> None:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--props", help="the streams.properties of the engine")
    parser = argparse.ArgumentParser(description="The shop around the carts.")
    commands = parser.add_subparsers(dest="command", required=True)
    mailer = commands.add_parser("mailer", parents=[common])
    mailer.add_argument("--mails", type=int, metavar="N", help="stop after N mails")
    shop = commands.add_parser("shop", parents=[common])
    shop.add_argument("cart")
    shop.add_argument("action", choices=["add", "remove", "email", "show", "checkout"])
    shop.add_argument("words", nargs="*")
    options = parser.parse_args()
    settings = load_settings(options.props)
    client = open_client(settings)
    try:
        if options.command == "mailer":
            mail_reminders(client, options.mails)
        else:
            message = message_of(options.action, options.words)
            send_message(client, settings, options.cart, message)
    finally:
        client.close()


if __name__ == "__main__":
    main()
