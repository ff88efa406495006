"""Zero-argument ``super()`` in a class that an asynchronous function defines."""


class Base:
    async def run(self, p):
        return ["base", await p("base")]


async def main(p):
    class Local(Base):
        async def run(self, p):
            before = await p("local")
            return [before, *await super().run(p), __class__.__name__]

    p.log(await Local().run(p), Local.run.__qualname__)
