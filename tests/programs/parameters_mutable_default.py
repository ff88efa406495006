"""A default argument is made once, and shared by the calls."""
# not saved: the defaults of a module's function are those of the process, not of the thread


async def shared(p, items=[]):  # noqa: B006
    items.append(await p(len(items)))
    return list(items)


async def main(p):
    shared.__defaults__[0].clear()
    p.log(await shared(p), await shared(p), await shared(p, []))

    async def local(items=[]):  # noqa: B006
        items.append(await p(len(items)))
        return list(items)

    p.log(await local(), await local(), local.__defaults__)
