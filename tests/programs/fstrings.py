"""f-strings: conversion, format spec, nested awaits in specs, ``=``, and their order."""


async def main(p):
    async def n(x):
        await p(x)
        return x

    p.log(f"{await n(1)} and {await n('two')!r} and {await n(3.14159):.2f}")
    p.log(f"{await n('x'):>{await n(5)}}|{await n(2.5):{await n(8)}.{await n(1)}f}")
    p.log(f"{await n('v')=}", f"a{{b}}{'q' + await n('w')}" "tail")
    p.log(f"{await n([1])!s:*^{await n(9)}}" + f"{f'{await n(0)}' f'{1}'}")
    p.log("%s %s" % (await n(1), await n(2)), "{} {x}".format(await n(3), x=await n(4)))
