"""``for`` with awaits in the body over all kinds of iterables."""

import collections
import itertools


class Sequence:
    def __getitem__(self, index):
        if index > 2:
            raise IndexError
        return index * 10


async def main(p):
    mapping = {"a": 1, "b": 2}
    for iterable in (
        [1, 2],
        (3, 4),
        "st",
        b"by",
        range(5, 7),
        mapping,
        mapping.items(),
        mapping.values(),
        enumerate("e"),
        zip("ab", [1, 2]),
        map(len, ["a", "bb"]),
        reversed("xy"),
        collections.deque([7, 8]),
        collections.OrderedDict(o=1),
        Sequence(),
        itertools.count(3),
        iter(lambda: None, None),
    ):
        for n, x in enumerate(iterable):
            p.log(x, await p(n))
            if n == 1:
                break
    for x in sorted({3, 1, 2}):
        await p(x)
