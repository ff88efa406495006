"""``for`` with ``else``, ``break``, ``continue``, ``return``, nested, the iterable awaited."""


async def items(p, *values):
    await p("items")
    return values


async def find(p, wanted):
    for row in await items(p, "abc", "def", "ghi"):
        for char in row:
            if char == wanted:
                await p(("found", char))
                break
            if char in "aeg":
                continue
            p.log("looked at", char, await p(char))
        else:
            p.log("row done", row)
            continue
        return row
    else:
        await p("nothing")
    return None


async def main(p):
    p.log(await find(p, "e"))
    p.log(await find(p, "z"))
    for x in ():
        p.log(x)
    else:
        p.log("empty", await p("empty else"))
    for i, (a, *b) in enumerate([(1, 2, 3), "xy"]):
        p.log(i, a, b, await p(i))
    p.log(i, a, b)
    holder = {}
    for holder[await p("key")] in range(2):
        p.log(holder)
