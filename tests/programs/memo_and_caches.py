"""A decorator with state of its own, and async results kept in a closure's dict."""


def memo(function):
    cache = {}

    async def wrapper(p, key):
        if key not in cache:
            cache[key] = await function(p, key)
        return cache[key]

    wrapper.cache = cache
    return wrapper


async def main(p):
    @memo
    async def fetch(p, key):
        return await p(("fetch", key))

    p.log(await fetch(p, "a"), await fetch(p, "a"), await fetch(p, "b"))
    await p("kept")
    p.log(await fetch(p, "a"), sorted(fetch.cache))
