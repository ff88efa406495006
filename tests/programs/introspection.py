"""Names, docstrings, signatures and kinds of functions are those of the source."""

import inspect


async def function(a, b: int = 2, *args, c, **kwargs) -> "str":
    """Document it."""


function.attribute = "set"


class Thing:
    """A thing."""

    async def method(self, x=1):
        """Do it."""

    @staticmethod
    async def static():
        pass


async def main(p):
    async def local():
        pass

    for one in (function, Thing.method, Thing.static, local, Thing().method):
        p.log(one.__name__, one.__qualname__, one.__doc__, str(inspect.signature(one)), one.__module__)
        p.log(inspect.iscoroutinefunction(one), inspect.isfunction(one), inspect.ismethod(one))
    p.log(function.attribute, function.__defaults__, function.__kwdefaults__, sorted(function.__annotations__))
    p.log(Thing.__doc__, __name__, main.__name__, __doc__)
    coro = local()
    p.log(inspect.isawaitable(coro), coro.__name__, coro.__qualname__)
    await p("kept")
    p.log(await coro)
