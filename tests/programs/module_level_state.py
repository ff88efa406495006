"""Module-level constants and objects that functions refer to across suspensions."""

LIMITS = {"low": 1, "high": 3}


class Registry:
    names = {}


registry = Registry()
ALIAS = registry.names


async def main(p):
    registry.names.clear()
    for name in LIMITS:
        registry.names[name] = LIMITS[name]
        p.log(await p(name))
    return sorted(LIMITS)
