"""A ``for`` over what is no iterable, and iterators that raise."""


class Broken:
    def __init__(self):
        self.n = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.n += 1
        if self.n == 3:
            raise ValueError("broke")
        return self.n


async def main(p):
    try:
        for _ in await p("text is iterable"):
            break
        for _ in len(await p("number is not")):
            p.log("never")
    except TypeError as error:
        p.log(error)
    try:
        for x in Broken():
            p.log(x, await p(x))
        else:
            p.log("never")
    except ValueError as error:
        p.log(error)
    p.log(x)
