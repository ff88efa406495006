"""Private names that may be unbound across an await, or are captured."""


class C:
    async def maybe(self, p, bind):
        if bind:
            __x = 1
            __cell = 2

        def read():
            return __cell

        await p(bind)
        try:
            p.log(__x)
        except UnboundLocalError as error:
            p.log(error)
        try:
            p.log(read())
            p.log(__cell)
        except NameError as error:
            p.log(error)
        for __i in range(2):
            p.log([__i async for __i in self.__numbers(p, __i)])
        return __i

    async def __numbers(self, p, __n):
        try:
            yield await p(__n)
        finally:
            p.log(__n)

    async def unbound(self, p):
        try:
            p.log(__gone)
        except UnboundLocalError as error:
            p.log(error)
        await p(1)
        return
        __gone = 1


async def main(p):
    for bind in (True, False):
        p.log(await C().maybe(p, bind))
    await C().unbound(p)
