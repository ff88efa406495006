"""Zero-argument ``super()`` in async methods, class methods, nested classes and closures."""


class Base:
    async def run(self, p, x):
        return ["base", x, await p(("base", x))]

    @classmethod
    async def make(cls, p):
        await p("make")
        return cls()

    def plain(self):
        return "plain base"


class Middle(Base):
    async def run(self, p, x):
        before = await p("middle")
        return ["middle", before, *await super().run(p, x + 1)]


class Mixin(Base):
    async def run(self, p, x):
        return ["mixin", *await super().run(p, x + 10), __class__.__name__]


class Bottom(Middle, Mixin):
    async def run(self, p, x):
        async def inner():
            return await super(Bottom, self).run(p, x)

        def show():
            return __class__.__name__

        await p("bottom")
        return [show(), *await inner(), *await super().run(p, 0)]

    @classmethod
    async def make(cls, p):
        made = await super().make(p)
        await p("made")
        return made, super().plain

    def plain(self):
        return "plain bottom"


class Inner:
    class Deep(Bottom):
        async def run(self, p, x):
            return ["deep", *await super().run(p, x)][:3]


async def main(p):
    bottom, plain = await Bottom.make(p)
    p.log(await bottom.run(p, 1), type(bottom).__name__)
    p.log(await Inner.Deep().run(p, 2), Inner.Deep.run.__qualname__)
