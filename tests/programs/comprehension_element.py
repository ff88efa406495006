"""Awaits in the elements of list, set and dict comprehensions."""


async def main(p):
    p.log([await p(i) for i in range(3)])
    p.log(sorted({len(await p(c)) for c in "ab"}))
    p.log({await p(k): await p(v) for k, v in {"a": 1, "b": 2}.items()})
    p.log({k: await p(k) for k in "xy"}, [(i, await p(i), i + 1) for i in range(2)])
    p.log([[await p((i, j)) for j in range(i)] for i in range(3)])
