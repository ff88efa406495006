"""Decorators of async functions: functools.wraps, with arguments, stacked, on methods, awaiting ones."""

import functools


def twice(function):
    @functools.wraps(function)
    async def wrapper(*args, **kwargs):
        first = await function(*args, **kwargs)
        return first, await function(*args, **kwargs)

    return wrapper


def tagged(tag, *, at="front"):
    def decorate(function):
        @functools.wraps(function)
        async def wrapper(*args):
            result = await function(*args)
            return (tag, result) if at == "front" else (result, tag)

        wrapper.tag = tag
        return wrapper

    return decorate


@twice
async def get(p, x):
    """Get x."""
    return await p(x)


class Service:
    @tagged("outer")
    @tagged("inner", at="back")
    async def call(self, p):
        return await p("call")


async def main(p):
    p.log(await get(p, "x"), get.__name__, get.__doc__, get.__wrapped__.__name__)
    service = Service()
    p.log(await service.call(p), Service.call.tag, Service.call.__qualname__)

    tag = await p("tag of local")

    @tagged(tag)
    @twice
    async def local(p):
        return await p("local")

    await p("kept")
    p.log(await local(p), local.__qualname__)
