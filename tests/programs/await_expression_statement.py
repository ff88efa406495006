"""An await whose value nobody takes, and one whose value is returned."""


async def main(p):
    await p("a")
    return await p("b")
