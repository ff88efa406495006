"""A mutable default of a nested function is part of the function, and saved with it."""


async def main(p):
    async def local(items=[], *, seen={}):  # noqa: B006
        items.append(await p(len(items)))
        seen[len(items)] = list(items)
        return seen

    p.log(await local())
    kept = local
    p.log(await kept(), await local(["own"]), local.__kwdefaults__)
