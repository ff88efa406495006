"""Defaults, positional-only, keyword-only, *args and **kwargs of async functions."""


async def everything(p, a, b=2, /, c=3, *args, d, e=5, **kwargs):
    await p("inside")
    return a, b, c, args, d, e, kwargs


async def plain(p, items=()):
    return [*items, await p(len(items))]


async def renamed(p, *values, **options):
    values = values[1:]
    options["added"] = await p("options")
    del options["removed"]
    return values, options


async def main(p):
    p.log(await everything(p, 1, d=4))
    p.log(await everything(p, 1, 2, 3, 4, 5, d=6, e=7, f=8, a="keyword a"))
    p.log(await plain(p), await plain(p, [1]))
    p.log(await renamed(p, 1, 2, 3, removed=True))
    for attempt in range(3):
        try:
            if attempt == 0:
                await everything(p, d=4)
            elif attempt == 1:
                await everything(p, 1)
            else:
                await plain(p, [], unknown=1)
        except TypeError as error:
            p.log(error)
