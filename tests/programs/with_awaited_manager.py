"""The context expression of ``with`` is awaited; a manager without the methods."""


class Manager:
    def __init__(self, value):
        self.value = value

    def __enter__(self):
        return self.value

    def __exit__(self, *args):
        return None


async def make(p, value):
    await p(value)
    return Manager(value)


async def main(p):
    with await make(p, 1) as one, await make(p, one + 1) as two:
        p.log(one, two)
    with (await make(p, 3), await make(p, 4) as four):
        p.log(four)
    try:
        with await p("no manager"):
            p.log("never")
    except TypeError as error:
        p.log(error)
