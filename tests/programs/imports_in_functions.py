"""Imports inside of asynchronous functions, also of modules kept in locals across suspensions."""


async def main(p):
    import json
    from collections import OrderedDict as Ordered
    import os.path as path

    await p("kept")
    p.log(json.dumps([1]), Ordered(a=1), path.basename("a/b"), path.__name__ in ("posixpath", "ntpath"))
    try:
        import no_such_module_at_all
    except ImportError as error:
        await p("missing")
        p.log(error.name)
    else:
        p.log(no_such_module_at_all)
    if await p("conditional"):
        import math
    p.log(math.floor(2.5))
