"""Which handler is taken: tuples, subclasses, order, computed types, bare ``except``."""


class A(Exception):
    pass


class B(A):
    pass


async def raiser(p, exc):
    await p("raising")
    raise exc


def kinds(p, *types):
    p.log("asked", [one.__name__ for one in types])
    return types


async def main(p):
    for exc in (A(1), B(2), ValueError(3), SystemExit(4)):
        try:
            await raiser(p, exc)
        except kinds(p, B):
            p.log("B", await p("b"))
        except kinds(p, KeyError, A) as error:
            p.log("A", error, await p("a"))
        except Exception:
            p.log("Exception", await p("e"))
        except:  # noqa: E722
            p.log("bare", await p("bare"))
    try:
        try:
            await raiser(p, A())
        except 5:
            p.log("never")
    except TypeError as error:
        p.log(error)
