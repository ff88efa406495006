"""Awaits in the guards of ``match``."""


async def main(p):
    match await p("subject"), 1:
        case str(s), n if (await p(("guard", n))) == "never":
            p.log("never", s)
        case s, n if await p("second guard"):
            p.log(s, n)
