"""contextlib: generator-based managers, suppress, ExitStack and closing around awaits."""

FAULTS = False  # what is thrown passes through the library's lines, and a saved traceback has fewer

import contextlib


@contextlib.contextmanager
def tagged(log, name):
    log("enter", name)
    try:
        yield name.upper()
    except ValueError as error:
        log("swallowed", error)
    finally:
        log("exit", name)


async def main(p):
    with tagged(p.log, "a") as a:
        p.log(a, await p("in a"))
    with tagged(p.log, "b"), contextlib.suppress(KeyError):
        await p("in b")
        raise KeyError("suppressed")
    with tagged(p.log, "c"):
        raise ValueError(await p("in c"))
    p.log("after")
