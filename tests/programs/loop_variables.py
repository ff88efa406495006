"""Loop variables after the loop, changed in it, and lists changed while they are walked."""


async def main(p):
    values = [1, 2, 3]
    for value in values:
        if value < 3:
            values.append(value + 10)
        value = await p(value)
    p.log(value, values)
    try:
        for missing in []:
            await p("never")
        p.log(missing)
    except UnboundLocalError as error:
        p.log(error)
