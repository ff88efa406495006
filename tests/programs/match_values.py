"""``match`` on values, sequences, mappings, classes and guards, awaits in the subject and the bodies."""

from dataclasses import dataclass


@dataclass
class Point:
    x: int
    y: int


async def classify(p, subject):
    match subject:
        case 0 | 1 as small:
            return "small", small, await p("small")
        case "text":
            return await p("text")
        case str() as other if len(other) > 3:
            return "long", other, await p("long")
        case [x]:
            return "one", x, await p(x)
        case [x, *rest, last]:
            return "many", x, rest, last, await p(last)
        case {"kind": kind, **others}:
            return "mapping", kind, others, await p(kind)
        case Point(x=0, y=y):
            return "on the axis", y, await p(y)
        case Point(x, y):
            return "point", x, y, await p((x, y))
        case None | True:
            return "singleton", subject
        case _:
            await p("default")
    return "end"


async def main(p):
    for subject in (
        0, 1, "text", "longer", "abc", [1], (1, 2), [1, 2, 3, 4], {"kind": "k", "z": 1}, Point(0, 5),
        Point(3, 4), None, True, 3.5, {}, [],
    ):  # fmt: skip
        p.log(subject, await classify(p, subject))
