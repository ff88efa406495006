"""``del`` of tuples and lists of targets: each is deleted before the next one is evaluated."""


class Bag:
    def __init__(self, p):
        self.p = p

    def __delitem__(self, key):
        self.p.log("delitem", key)


async def main(p):
    bag = Bag(p)
    del bag[1], (bag[await p(2)], [bag[await p(3)], bag[4]])
