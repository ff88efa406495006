"""``raise`` without argument after an await in a handler, in a nested function and in a ``finally``."""


async def again(p):
    await p("again")
    raise


async def main(p):
    try:
        try:
            raise ValueError("first")
        except ValueError:
            await p("handler")
            raise
    except ValueError as error:
        p.log(error)
    try:
        try:
            raise ValueError("second")
        except ValueError:
            await again(p)
    except ValueError as error:
        p.log(error)
    try:
        try:
            raise ValueError("third")
        except ValueError:
            try:
                raise KeyError("inner")
            except KeyError:
                await p("inner handled")
            raise
    except ValueError as error:
        p.log(error)
    try:
        await again(p)
    except RuntimeError as error:
        p.log(error)
    try:
        raise ValueError("unhandled")
    finally:
        await p("finally")
