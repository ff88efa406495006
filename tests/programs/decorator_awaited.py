"""An await in a decorator of a nested function."""


def tagged(tag):
    def decorate(function):
        function.tag = tag
        return function

    return decorate


async def main(p):
    @tagged(await p("tag"))
    def local():
        return 1

    p.log(local.tag, local())
