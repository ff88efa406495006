"""``raise ... from`` with awaits in both expressions; ``from None``; wrong types."""


async def make(p, kind, *args):
    await p(kind.__name__)
    return kind(*args)


async def main(p):
    try:
        raise await make(p, ValueError, 1) from await make(p, KeyError, 2)
    except ValueError as error:
        p.log(error)
    try:
        try:
            raise IndexError("context")
        except IndexError:
            raise await make(p, ValueError, 3) from None
    except ValueError as error:
        p.log(error)
    try:
        raise (await make(p, ValueError)).__class__
    except ValueError as error:
        p.log(error)
    for wrong in ("text", 5, None):
        try:
            if wrong is None:
                raise ValueError from await p("no exception")
            raise wrong
        except TypeError as error:
            p.log(error)
            await p(wrong)
