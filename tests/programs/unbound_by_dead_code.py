"""A variable is local when any statement binds it, one that nothing reaches too."""

after_return = after_loop = in_false = "the global one"


async def returned(p):
    await p("returned")
    return after_return
    after_return = 1


async def looped(p):
    while True:
        await p("looped")
        p.log([after_loop for _ in range(1)])
    after_loop = 1


async def main(p):
    for function in (returned, looped):
        try:
            await function(p)
        except UnboundLocalError as error:
            p.log(error.name)
        except NameError as error:
            p.log(error.name)
    try:
        p.log(in_false)
    except UnboundLocalError as error:
        p.log(error)
    return
    if False:
        await p(in_false)
        in_false = 1
