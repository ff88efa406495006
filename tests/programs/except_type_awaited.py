"""The type in an ``except`` clause is computed by an await."""


async def kind(p, which):
    await p(which.__name__)
    return which


async def main(p):
    try:
        raise KeyError("k")
    except await kind(p, ValueError):
        p.log("never")
    except await kind(p, KeyError) as error:
        p.log(error, await p("handler"))
    try:
        try:
            raise KeyError("k")
        except (await kind(p, ValueError), await kind(p, IndexError)):
            p.log("never")
    except LookupError as error:
        p.log(error)
