"""``with`` around awaits: enter, exit, suppression, failing exit, several managers, targets."""


class Manager:
    def __init__(self, p, name, suppress=False, fail=None):
        self.p = p
        self.name = name
        self.suppress = suppress
        self.fail = fail

    def __enter__(self):
        self.p.log("enter", self.name)
        if self.fail == "enter":
            raise KeyError("enter " + self.name)
        return self.name.upper()

    def __exit__(self, kind, value, traceback):
        self.p.log("exit", self.name, kind, value, traceback is not None)
        if self.fail == "exit":
            raise KeyError("exit " + self.name)
        return self.suppress


async def main(p):
    with Manager(p, "a") as a:
        p.log(a, await p("in a"))
    with Manager(p, "b", suppress=True):
        raise ValueError(await p("suppressed"))
    for kind in range(4):
        try:
            with Manager(p, "c") as c, Manager(p, "d", kind == 1, "enter" if kind == 3 else None) as d:
                p.log(c, d, await p("both"))
                if kind < 2:
                    raise ValueError("body")
                with Manager(p, "e", fail="exit"):
                    await p("e")
                    if kind == 2:
                        raise IndexError("before exit fails")
        except (ValueError, KeyError) as error:
            p.log(kind, error)
    holder = {}
    with Manager(p, "f") as holder[await p("key")], Manager(p, "g") as (first, *rest):
        p.log(holder, first, rest)
