"""Functions whose whole body is a docstring, ``...``, ``pass`` or a constant."""


async def documented():
    """Only this."""


async def dots(): ...


async def constant():
    5
    "text"


async def main(p):
    p.log(await documented(), await dots(), await constant(), documented.__doc__, constant.__doc__)
    return await p("end")
