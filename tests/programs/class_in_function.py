"""Class bodies in asynchronous functions: capture, scope, methods, instances kept."""


async def main(p):
    factor = 2
    x = "function"

    class Local:
        x = "class"
        y = x + "!"
        z = [x for _ in range(1)]

        def scaled(self, n):
            return n * factor

        async def later(self, n):
            nonlocal factor
            factor += 1
            await p("later")
            return self.scaled(n), x

    local = Local()
    p.log(local.scaled(3), await local.later(3), Local.y, Local.z, Local.__qualname__)
    p.log(factor, [method for method in vars(Local) if not method.startswith("__")])
