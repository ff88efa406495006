"""Compensations as closures and partials, run in reverse when a step fails."""

from functools import partial

SCRIPT = ["car-1", "hotel-1", ValueError("no flight"), "cancelled hotel", "cancelled car"]


async def reserve(p, kind):
    return await p(f"reserve {kind}")


async def cancel(p, kind, reservation):
    p.log("cancelled", kind, reservation, await p(f"cancel {kind}"))


async def main(p):
    compensations = []
    booked = {}
    try:
        for kind in ("car", "hotel", "flight"):
            booked[kind] = reservation = await reserve(p, kind)
            if kind == "hotel":

                async def undo(reservation=reservation):
                    await cancel(p, "hotel", reservation)

                compensations.append(undo)
            else:
                compensations.append(partial(cancel, p, kind, reservation))
        return booked
    except Exception as error:
        while compensations:
            await compensations.pop()()
        p.log(error)
        raise RuntimeError("trip failed") from error
