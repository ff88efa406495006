"""The truth of an operand is asked once in conditions made of several operands, some of them awaited."""


class Loud:
    def __init__(self, p, value):
        self.p = p
        self.value = value

    def __bool__(self):
        self.p.log("bool", self.value)
        return self.value

    def __lt__(self, other):
        return self


async def main(p):
    yes, no = Loud(p, True), Loud(p, False)
    if no and await p(1):
        p.log("never")
    if not (no and await p(2)):
        p.log("not and")
    if yes or await p(3):
        p.log("or")
    while no or yes and await p(4) and no:
        p.log("never")
    if no < 1 < await p(5):
        p.log("never")
    if yes < 1 < await p(6):
        p.log("chain")
    if (await p(7) and no) or yes:
        p.log("and or")
    p.log(1 if (yes or await p(8)) else 2)
    assert yes or await p(9)
    if no if await p(10) else yes:
        p.log("never")
    if (no and yes) if await p(11) else yes:
        p.log("never")
    p.log([1 for i in [1] if yes or await p(12)])
    match 1:
        case _ if no and await p(13):
            p.log("never")
        case _ if yes:
            p.log("guard")
    p.log(not (no and await p(14)))
