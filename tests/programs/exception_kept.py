"""Exceptions kept in locals and containers across suspensions: identity, chain, notes, attributes."""


class Custom(Exception):
    def __init__(self, code, detail):
        super().__init__(code)
        self.detail = detail


async def main(p):
    try:
        try:
            raise KeyError("cause")
        except KeyError as cause:
            raise Custom(7, {"x": 1}) from cause
    except Custom as error:
        error.add_note("a note")
        kept = error
        both = [error, {"e": error}]
    await p("kept")
    p.log(kept, kept.detail, both[0] is kept, both[1]["e"] is kept)
    kept.detail["me"] = kept
    await p("cycle")
    p.log(kept.detail["me"] is kept, kept.__cause__ is kept.__context__)
    try:
        raise kept
    except Custom as again:
        p.log(again, again is kept)
    group = ExceptionGroup("several", [ValueError(1), kept])
    await p("group")
    p.log(group, group.exceptions[1] is kept, OSError(2, "no such file", "name"))
