"""``del`` of names, attributes and subscripts whose parts are awaited."""


class Bag:
    def __init__(self, p):
        self.p = p

    def __delitem__(self, key):
        self.p.log("delitem", key)

    def __delattr__(self, name):
        self.p.log("delattr", name)


async def main(p):
    bag = Bag(p)

    async def get():
        await p("bag")
        return bag

    x = 1
    del x, (await get())[await p("key")], (await get()).name, bag[1 : await p("to")]
    try:
        p.log(x)
    except UnboundLocalError as error:
        p.log(error)
    x = await p("again")
    p.log(x)
