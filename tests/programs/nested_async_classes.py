"""Classes that hold coroutines' parts of a protocol: a queue and its consumer, driven by hand."""


class Queue:
    def __init__(self, p):
        self.p = p
        self.items = []

    async def put(self, item):
        self.items.append(item)
        await self.p(("put", item))

    async def get(self):
        while not self.items:
            self.items.append(await self.p("get"))
        return self.items.pop(0)


class Consumer:
    def __init__(self, queue):
        self.queue = queue
        self.seen = []

    async def __call__(self, n):
        for _ in range(n):
            self.seen.append(await self.queue.get())
        return self

    def __await__(self):
        return self(1).__await__()


async def main(p):
    queue = Queue(p)
    consumer = Consumer(queue)
    await queue.put("a")
    await queue.put("b")
    await consumer(3)
    p.log(consumer.seen, consumer.queue is queue)
    p.log((await consumer).seen)
