"""Values of many types live across suspensions, with their types and values kept."""

import collections
import datetime
import decimal
import enum
import fractions
import re
import uuid
from dataclasses import dataclass, field
from typing import NamedTuple


class Colour(enum.Enum):
    RED = 1
    BLUE = "b"


class Flags(enum.IntFlag):
    A = 1
    B = 2


class Pair(NamedTuple):
    left: int
    right: str = "r"


@dataclass(frozen=True)
class Frozen:
    x: int


@dataclass
class Data:
    items: list = field(default_factory=list)
    nested: "Data | None" = None


class Slotted:
    __slots__ = ("a", "b")


class Words(dict):
    pass


class Text(str):
    pass


async def main(p):
    slotted = Slotted()
    slotted.a = [1]
    words = Words(x=1)
    words.extra = "attribute"
    values = [
        1, -(2**200), 1.5, float("inf"), 1j, True, None, "text \ud800", b"\x00", bytearray(b"ab"),
        (1, (2,)), {1, 2}, frozenset({3}), {"k": {"n": [1]}}, range(3, 9, 2), slice(1, None, 2),
        Colour.RED, Flags.A | Flags.B, Pair(1), Frozen(2), Data([1], Data()), Text("sub"),
        datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc), datetime.date(2024, 1, 1),
        datetime.timedelta(days=1, seconds=5), decimal.Decimal("1.10"), fractions.Fraction(1, 3),
        uuid.UUID(int=5), collections.deque([1, 2], maxlen=2), collections.Counter("aab"),
        collections.OrderedDict(a=1), collections.defaultdict(list, {"a": [1]}), re.compile(r"a+", re.I),
    ]  # fmt: skip
    before = [ascii(value) for value in values]
    kinds = [type(value).__name__ for value in values]
    await p("kept")
    p.log([ascii(value) for value in values] == before, [type(v).__name__ for v in values] == kinds)
    p.log(*[ascii(value) for value in values])
    p.log(slotted.a, hasattr(slotted, "b"), words, words.extra, type(words).__name__)
    p.log(values[16] is Colour.RED, values[-2]["new"], values[-1].match("AAb").group(), values[18].right)
