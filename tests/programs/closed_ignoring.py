"""A coroutine that awaits while it is closed is told so."""
# not on the engine: only a coroutine that is driven by hand can be closed

SCRIPT = [GeneratorExit]


async def main(p):
    try:
        await p("closed here")
    finally:
        await p("awaiting all the same")
        p.log("closed at the second attempt only")
