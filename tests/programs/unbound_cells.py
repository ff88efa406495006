"""Captured variables that are not bound yet, or deleted."""


async def main(p):
    def read():
        try:
            return value
        except NameError as error:
            return str(error)

    await p("before")
    p.log(read())
    value = 1
    await p("bound")
    p.log(read())
    del value
    await p("deleted")
    p.log(read())
    value = 2
    p.log(read())
