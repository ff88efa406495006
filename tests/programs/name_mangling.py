"""Private names in classes are mangled, also in nested functions, parameters and awaits."""


class Vault:
    __secret = "class"

    def __init__(self):
        self.__value = 1

    async def __private(self, p, __arg=None):
        __local = await p("private")
        return self.__value, Vault.__secret, __arg, __local

    async def run(self, p):
        __name = "n"

        async def __inner():
            self.__value += 1
            return await self.__private(p, __name)

        first = await __inner()
        await p("between")
        return first, await __inner(), sorted(k for k in locals() if "name" in k)

    class __Nested:
        __x = "nested"

        async def get(self, p):
            return await p("nested"), self.__x

    async def nested(self, p):
        return await self.__Nested().get(p)


async def main(p):
    vault = Vault()
    p.log(await vault.run(p), sorted(vault.__dict__), hasattr(vault, "_Vault__private"))
    p.log(await vault.nested(p))
