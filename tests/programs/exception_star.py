"""``except*`` with awaits in the handlers."""


async def main(p):
    for group in (
        ExceptionGroup("g", [ValueError(1), KeyError(2), ValueError(3)]),
        ExceptionGroup("h", [ValueError(4)]),
        ValueError(5),
    ):
        try:
            try:
                await p("body")
                raise group
            except* ValueError as some:
                p.log("values", some, await p("values"))
            except* KeyError as some:
                p.log("keys", some, await p("keys"))
            else:
                p.log("never")
            finally:
                p.log("finally", await p("finally"))
        except BaseException as error:
            p.log("outside", error)
    try:
        try:
            raise ExceptionGroup("g", [ValueError(1), IndexError(2)])
        except* ValueError:
            await p("raising")
            raise TypeError("new")
    except ExceptionGroup as error:
        p.log(error)
