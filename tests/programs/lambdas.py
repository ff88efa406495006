"""Lambdas with defaults, captured variables, nested, kept across suspensions, one line with two."""


async def main(p):
    base = 10
    add, mul = lambda x, *, y=1: base + x + y, lambda x: (lambda z: base * x * z)
    await p("kept")
    p.log(add(1), add(1, y=5), mul(2)(3))
    base = await p("rebound")
    p.log(add("x", y="y"))
    inner = mul
    await p("again")
    key = sorted(["bb", "a", "ccc"], key=lambda s: -len(s))
    p.log(key, inner is mul, (lambda *a, **k: (a, k))(1, z=await p("z")))
