"""Awaits in the decorators, bases and keywords of a class made in a function."""


class Base:
    def __init_subclass__(cls, tag=None):
        cls.tag = tag


def named(name):
    def decorate(cls):
        cls.name = name
        return cls

    return decorate


async def base(p):
    await p("base")
    return Base


async def main(p):
    @named(await p("decorator"))
    class Made(await base(p), tag=await p("tag")):
        value = 1

    p.log(Made.name, Made.tag, Made.value, Made.__mro__[1].__name__)
