"""``except E as e``: the name is unbound after the handler, however it is left."""


async def main(p):
    try:
        raise ValueError(1)
    except ValueError as e:
        p.log(e, await p("handler"))
    try:
        p.log(e)
    except UnboundLocalError as error:
        p.log(error)
    e = "old"
    for i in range(3):
        try:
            raise ValueError(i)
        except ValueError as e:
            if i == 0:
                continue
            await p(i)
            if i == 1:
                del e
                continue
            break
        finally:
            p.log("e" in locals())
    e = await p("new")
    try:
        raise KeyError
    except KeyError as e:
        e = "rebound"
        p.log(e, await p("x"))
    p.log("e" in locals())
