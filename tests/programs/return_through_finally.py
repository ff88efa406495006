"""``return`` crossing one and two ``finally``, with awaits, its value kept."""


async def one(p):
    try:
        return await p("value")
    finally:
        p.log("finally", await p("finally"))


async def two(p):
    value = ["v"]
    try:
        try:
            return value
        finally:
            value.append(await p("inner"))
    finally:
        value = await p("outer")


async def in_loop(p):
    for i in range(5):
        try:
            if i == 2:
                return i
            await p(i)
        finally:
            await p(("finally", i))
    return None


async def main(p):
    p.log(await one(p))
    p.log(await two(p))
    p.log(await in_loop(p))
