"""Generators with try, with and loops around their yields, kept across suspensions."""

FAULTS = False  # a generator that is left suspended logs when it is collected


class Manager:
    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.log("enter")
        return "entered"

    def __exit__(self, *args):
        self.log("exit", args[:2])
        return args[0] is ValueError


def work(log):
    for i in range(2):
        with Manager(log) as manager:
            try:
                x = yield i, manager
                log("got", x)
            except KeyError as error:
                log("caught", error)
                yield "from the handler"
            else:
                yield "from else"
            finally:
                log("finally")
                yield "from finally"
    yield "last"


async def main(p):
    generator = work(p.log)
    p.log(next(generator))
    await p(1)
    p.log(generator.send("sent"))
    await p(2)
    p.log(next(generator))
    await p(3)
    p.log(next(generator))
    p.log(generator.throw(KeyError("k")))
    await p(4)
    p.log(next(generator))
    await p(5)
    p.log(generator.throw(ValueError("suppressed")))
    p.log(list(generator))
