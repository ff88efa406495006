"""Built-in iterators in locals across suspensions, each half used."""

import itertools


async def main(p):
    values = [10, 20, 30]
    mapping = {"a": 1, "b": 2, "c": 3}
    iterators = {
        "list": iter(values),
        "tuple": iter((1, 2, 3)),
        "str": iter("xyz"),
        "bytes": iter(b"abc"),
        "range": iter(range(0, 9, 3)),
        "enumerate": enumerate("pq", start=5),
        "zip": zip(values, "abc"),
        "map": map(str.upper, "abc"),
        "filter": filter(None, [0, 1, 2, 0, 3]),
        "reversed": reversed([1, 2, 3]),
        "reversed range": reversed(range(3)),
        "keys": iter(mapping),
        "items": iter(mapping.items()),
        "values": iter(mapping.values()),
        "count": itertools.count(7, 2),
        "chain": itertools.chain("ab", [1]),
        "islice": itertools.islice(range(100), 3, 9, 2),
        "cycle": itertools.cycle("uv"),
        "accumulate": itertools.accumulate([1, 2, 3]),
        "product": itertools.product("ab", [1, 2]),
        "zip_longest": itertools.zip_longest("a", [1, 2, 3], fillvalue="-"),
        "repeat": itertools.repeat("r", 3),
        "takewhile": itertools.takewhile(lambda x: x < 3, [1, 2, 3]),
        "starmap": itertools.starmap(pow, [(2, 3), (3, 2)]),
    }
    for name, iterator in iterators.items():
        p.log(name, next(iterator))
    await p("all kept")
    for name, iterator in iterators.items():
        p.log(name, list(itertools.islice(iterator, 4)))
    for name, iterator in zip(iterators, [iter(values), enumerate(values)]):
        values[1] = name
        for x in iterator:
            p.log(x, await p(name))
