"""Classes with ``__await__`` by hand, one of which awaits a coroutine of its own."""


class Ready:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration(self.value)


class Request:
    def __init__(self, p):
        self.p = p

    def __await__(self):
        return self.fetch().__await__()

    async def fetch(self):
        return "fetched", await self.p("fetch")


async def main(p):
    p.log(await Ready(5), await Ready((1, 2)), await Ready(StopIteration(3)))
    try:
        p.log(await Request(p))
    finally:
        p.log("end")
