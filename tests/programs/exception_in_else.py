"""Exceptions raised in ``else`` and in handlers are not caught by the same ``try``."""


async def main(p):
    for kind in range(2):
        try:
            try:
                if kind:
                    raise KeyError("body")
                await p("body")
            except KeyError:
                await p("handler")
                raise ValueError("handler")
            except ValueError:
                p.log("never")
            else:
                await p("else")
                raise ValueError("else")
            finally:
                p.log("finally", await p("finally"))
        except ValueError as error:
            p.log(error)
