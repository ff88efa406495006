"""``match`` with an awaited subject and guards; what failed patterns have bound."""


async def main(p):
    for i in range(4):
        match await p(("subject", i)), i:
            case str(s), n if n == await_free(n) and n == "never":
                p.log("never", s)
            case s, 0:
                p.log("zero", s, await p("body"))
            case s, (1 | 2) as n:
                if n == 1:
                    continue
                break
            case _:
                p.log("other")
    p.log(i, s, n)
    match await p("no case matches"):
        case 1:
            p.log("never")
    match (await p("a"), await p("b")):
        case (first, second) if second > first:
            p.log(first, second)


def await_free(n):
    return n
