"""close() runs the ``finally`` blocks of all frames, from the inside."""
# not on the engine: only a coroutine that is driven by hand can be closed

SCRIPT = ["go", GeneratorExit]


async def inner(p):
    try:
        await p("inner")
        await p("closed here")
    except GeneratorExit as exit:
        p.log("exit", exit)
        raise
    finally:
        p.log("inner finally")


async def main(p):
    try:
        try:
            await inner(p)
        except Exception:
            p.log("never")
    finally:
        p.log("outer finally")
