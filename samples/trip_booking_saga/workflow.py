"""Book a trip: a car, a hotel and a flight, or none of them.

A record to `saga-reserve-<kind>` asks for a reservation: its key is the trip, its value the id
under which the company answers. `saga-cancel-<kind>` takes the same back, answered or not.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

import kwf_runtime as W

KINDS = ("car", "hotel", "flight")
TIMEOUT_S = 60

manifest = {
    "output_topics": [
        f"saga-{command}-{kind}" for kind in KINDS for command in ("reserve", "cancel")
    ]
}


@dataclass
class Reservation:
    kind: str
    id: str
    what: str


async def main(trip: dict[str, Any] | None = None) -> dict[str, str]:
    """Book everything or nothing.

    Args:
        trip: `together`: ask all companies at once, not one after another (the default);
            `timeout_s`: how long each of them may take.
    """
    trip = trip or {}
    compensations: list[Callable[[], Awaitable[None]]] = []

    async def book(kind: str) -> Reservation:
        reservation = await reserve(kind, trip.get("timeout_s", TIMEOUT_S))
        compensations.append(partial(cancel, kind, reservation.id))
        return reservation

    try:
        if trip.get("together"):
            booked = await W.all_with_cancel(*(book(kind) for kind in KINDS))
        else:
            booked = [await book(kind) for kind in KINDS]
    except BaseException:  # a cancelled trip (`kwf cancel`) is taken back as a failed one
        while compensations:
            await compensations.pop()()
        raise
    return {reservation.kind: reservation.what for reservation in booked}


async def reserve(kind: str, timeout_s: float) -> Reservation:
    answer = W.suspend()
    W.output(answer.id, f"saga-reserve-{kind}")
    try:
        what = await W.race(answer, deadline(kind, timeout_s))
    except (TimeoutError, asyncio.CancelledError):
        await cancel(kind, answer.id)  # silence is no refusal: the company may have reserved
        raise
    return Reservation(kind, answer.id, what)


async def cancel(kind: str, reservation_id: str) -> None:
    W.output(reservation_id, f"saga-cancel-{kind}")


async def deadline(kind: str, timeout_s: float) -> NoReturn:
    await asyncio.sleep(timeout_s)
    raise TimeoutError(f"no {kind} within {timeout_s} s")
