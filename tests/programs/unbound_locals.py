"""Locals that are bound on some paths only, across suspensions."""


async def main(p):
    for i in range(3):
        if i == 1:
            x = await p("bind")
        try:
            await p(i)
            p.log(x)
        except UnboundLocalError as error:
            p.log(error)
        if i == 1:
            del x
    try:
        del x
    except UnboundLocalError as error:
        p.log(error)
    try:
        never += await p("augmented")  # noqa: F821
    except UnboundLocalError as error:
        p.log(error)
    if False:
        never = 1
    try:
        undefined_global  # noqa: B018, F821
    except NameError as error:
        p.log(error, error.name)
