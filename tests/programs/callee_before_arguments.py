"""The callee, and the object of a method call, are evaluated before the arguments."""


class Thing:
    def __init__(self, name):
        self.name = name

    def call(self, *args):
        return self.name, args


async def main(p):
    thing = Thing("first")

    async def swap():
        nonlocal thing
        thing = Thing("second")
        return await p("swapped")

    p.log(thing.call(await swap(), thing.name))
    function = len

    async def replace():
        nonlocal function
        function = repr
        return [await p("replaced")]

    p.log(function(await replace()))
    p.log(function("x"))
    try:
        thing.missing(await p("never"))
    except AttributeError as error:
        p.log(error)
