"""Arguments are evaluated from left to right, around awaits."""


def f(*args, **kwargs):
    return args, kwargs


async def main(p):
    def note(x):
        p.log("note", x)
        return x

    p.log(f(note(1), await p("a"), note(2), await p("b"), k=note(3), l=await p("c"), m=note(4)))
    p.log(
        f(
            note(1),
            *[note(2), note(3)],
            await p("d"),
            *await listed(p, 2),
            k=await p("e"),
            **await mapped(p),
        )
    )
    p.log(f(*await listed(p, 1), *await listed(p, 2), **{"z": note(5)}, **await mapped(p)))


async def listed(p, n):
    return [await p(i) for i in range(n)]


async def mapped(p):
    return {"x": await p("x"), "y": await p("y")}
