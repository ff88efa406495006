"""The companies of the trip: each answers the reservations of its topic.

    python services.py [--props FILE] [--refuse KIND] [--mute KIND] [--answers N]

An answer follows from the command alone, and a second answer to the same command changes nothing.
So a company may be killed at any moment: started again, it reads its topic from the start.
Limits: a company with much business would rather remember how far it has read.
"""

from __future__ import annotations

import argparse
import json
import threading

from kwf_runtime.runners.base import open_client
from kwf_runtime.runners.records import OutRecord, Record
from kwf_runtime.settings import Settings, load_settings

OFFERS = {"car": "a red Fiat 500", "hotel": "a room with a view", "flight": "seat 12A"}


def answer(kind: str, command: Record, *, refuse: bool, topic: str) -> OutRecord:
    """Return the record that answers a command."""
    body: dict[str, object] = {"ref": (command.value or b"").decode()}
    if refuse:
        body["error"] = f"no {kind} available"
    else:
        body["value"] = OFFERS[kind]
    return OutRecord(topic, command.key, json.dumps(body).encode())


def serve(kind: str, settings: Settings, *, refuse: bool, answers: int | None) -> None:
    """Answer the commands of a company, so many of them, or for ever."""
    client = open_client(settings)
    try:
        for command in client.tail(
            f"saga-reserve-{kind}", from_start=True, count=answers, timeout_s=None
        ):
            client.send([answer(kind, command, refuse=refuse, topic=settings.resume_topic)])
    finally:
        client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Answer the reservations of trips.")
    parser.add_argument("--props", help="the streams.properties of the engine")
    for option, text in (("--refuse", "say no to each reservation"), ("--mute", "say nothing")):
        parser.add_argument(option, action="append", default=[], choices=OFFERS, help=text)
    parser.add_argument("--answers", type=int, metavar="N", help="stop when each has answered N")
    options = parser.parse_args()
    settings = load_settings(options.props)
    companies = [
        threading.Thread(
            target=serve,
            args=(kind, settings),
            kwargs={"refuse": kind in options.refuse, "answers": options.answers},
            daemon=True,  # Ctrl-C need not wait for them: there is nothing to lose
        )
        for kind in OFFERS
        if kind not in options.mute
    ]
    for company in companies:
        company.start()
    for company in companies:
        company.join()


if __name__ == "__main__":
    main()
