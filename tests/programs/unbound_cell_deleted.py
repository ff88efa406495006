"""A captured variable that its own function has deleted is an unbound local there."""


async def main(p):
    value = 1

    def read():
        return value

    await p(read())
    del value
    try:
        p.log(value)
    except UnboundLocalError as error:
        p.log(error)
    try:
        del value
    except UnboundLocalError as error:
        p.log(error)
    value = 2
    try:
        while value:
            del value
            p.log(value)
    except NameError as error:
        p.log(error)
