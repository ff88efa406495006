"""Asynchronous generator expressions: awaits in them, walked by ``async for`` and comprehensions."""

FAULTS = False  # the end of an abandoned asynchronous generator is a matter of the event loop


async def main(p):
    waiting = (await p(i) for i in range(3))
    p.log([x async for x in waiting])
    filtered = (i for i in range(4) if await p(i) > "r4")
    await p("not started")
    async for x in filtered:
        p.log(x, await p("body"))
    nested = ((i, j) async for i in (await p(k) for k in range(2)) for j in "ab")
    p.log([x async for x in nested], type(nested).__name__ if False else "")
