"""Classes with ``__await__`` by hand, and one that awaits a coroutine of its own."""


class Ready:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration(self.value)


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


class Request:
    def __init__(self, p):
        self.p = p

    def __await__(self):
        return self.fetch().__await__()

    async def fetch(self):
        return "fetched", await self.p("fetch")


async def main(p):
    p.log(await Ready(5), await Ready((1, 2)), await Ready(StopIteration(3)))
    p.log(await Twice())
    try:
        p.log(await Request(p))
    finally:
        p.log("end")
