"""Defaults, annotations and decorators of nested functions that are awaited where they are defined."""


async def main(p):
    async def inner(a=await p("default a"), *, b: int = await p("default b")) -> str:
        return a, b, await p("inside")

    await p("kept")
    p.log(await inner(), await inner(1, b=2))
    plain = lambda x=await p("lambda default"): x  # noqa: E731
    p.log(plain(), inner.__defaults__, inner.__kwdefaults__, inner.__annotations__)
