"""``async with``: awaits in enter and exit, suppression, failures, several managers."""


class Manager:
    def __init__(self, p, name, suppress=False, fail=None):
        self.p = p
        self.name = name
        self.suppress = suppress
        self.fail = fail

    async def __aenter__(self):
        await self.p(("enter", self.name))
        if self.fail == "enter":
            raise KeyError("enter")
        return self.name.upper()

    async def __aexit__(self, kind, value, traceback):
        self.p.log("exit", self.name, kind, value, traceback is not None)
        await self.p(("exit", self.name))
        if self.fail == "exit":
            raise KeyError("exit")
        return self.suppress


async def leave(p):
    for i in range(3):
        async with Manager(p, f"loop {i}"):
            if i == 0:
                continue
            if i == 1:
                await p("returning")
                return "returned"


async def main(p):
    async with Manager(p, "a") as a:
        p.log(a, await p("in a"))
    async with Manager(p, "b", suppress=True):
        raise ValueError("suppressed")
    for fail in (None, "enter", "exit"):
        try:
            async with Manager(p, "c") as c, Manager(p, "d", fail=fail) as d:
                p.log(c, d)
                raise ValueError("body")
        except (ValueError, KeyError) as error:
            p.log(error)
    p.log(await leave(p))
    with_sync = Sync(p)
    with with_sync:
        async with Manager(p, "inside sync", suppress=True):
            raise KeyError(await p("both"))


class Sync:
    def __init__(self, p):
        self.p = p

    def __enter__(self):
        pass

    def __exit__(self, *args):
        self.p.log("sync exit", args[:2])
