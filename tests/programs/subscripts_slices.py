"""Subscripts and slices with awaits in every part."""


async def main(p):
    async def n(x):
        await p(x)
        return x

    text = "abcdefghij"
    p.log(text[await n(1)], text[await n(1) : await n(5)], text[:: await n(3)])
    p.log(
        text[await n(-1)], (await n(text))[await n(2) :], text[await n(1) : await n(8) : await n(2)]
    )
    grid = {(1, 2): "x"}
    p.log(grid[await n(1), await n(2)])
    values = list(range(10))
    values[await n(2) : await n(8)] = [await n("a"), await n("b")]
    p.log(values)
    try:
        text[await n(99)]
    except IndexError as error:
        p.log(error)
