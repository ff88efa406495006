"""A class whose ``__await__`` is an iterator by hand, and hands values to the driver itself."""
# not on the engine: a task takes futures only


class Twice:
    """Suspends twice by itself."""

    def __init__(self):
        self.got = []
        self.state = 0

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        return self.send(None)

    def send(self, value):
        self.state += 1
        if self.state > 1:
            self.got.append(value)
        if self.state == 3:
            raise StopIteration(self.got)
        return ("twice", self.state)


async def main(p):
    p.log(await Twice())
    p.log([await Twice() for _ in range(2)])
