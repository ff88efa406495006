"""Attributes of classes are the process's; instances' are the thread's."""
# not saved: the attributes of a module's class are those of the process, not of the thread


class Counter:
    made = 0

    def __init__(self):
        Counter.made += 1
        self.number = self.made

    @classmethod
    async def make(cls, p):
        await p(("make", cls.made))
        return cls()


async def main(p):
    first, second = await Counter.make(p), await Counter.make(p)
    p.log(first.number, second.number, Counter.made)
