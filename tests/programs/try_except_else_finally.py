"""All four parts, awaits in each, for a body that ends well, badly, and by an unexpected exception."""


async def body(p, kind):
    try:
        p.log("body", await p("body"))
        if kind == 1:
            raise ValueError("expected")
        if kind == 2:
            raise KeyError("unexpected")
    except ValueError as error:
        p.log("handler", await p("handler"), error)
        result = "handled"
    else:
        p.log("else", await p("else"))
        result = "else"
    finally:
        p.log("finally", await p("finally"))
    return result


async def main(p):
    for kind in range(3):
        try:
            p.log(await body(p, kind))
        except KeyError as error:
            p.log("outside", error)
