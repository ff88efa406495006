"""A coroutine that awaits while it is closed is told so."""

SCRIPT = [GeneratorExit]


async def main(p):
    try:
        await p("closed here")
    finally:
        await p("awaiting all the same")
        p.log("closed at the second attempt only")
