"""An exception raised in ``finally`` replaces the one under way and has it as context."""


async def main(p):
    try:
        try:
            raise ValueError(await p("first"))
        finally:
            await p("between")
            raise KeyError(await p("second"))
    except KeyError as error:
        p.log(error)
    try:
        try:
            await p("ok")
        finally:
            raise KeyError(await p("alone"))
    except KeyError as error:
        p.log(error)
    try:
        for _ in range(1):
            try:
                break
            finally:
                raise IndexError(await p("instead of break"))
    except IndexError as error:
        p.log(error)
