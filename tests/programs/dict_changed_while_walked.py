"""A dict that grows, or changes its values only, while a loop walks it."""


async def main(p):
    mapping = {"a": 1, "b": 2, "c": 3}
    for key in mapping:
        mapping[key] = await p(key)
    p.log(mapping)
    for key, value in mapping.items():
        mapping["c"] = "replaced"
        p.log(key, value, await p(key))
    try:
        for key in mapping:
            mapping[key + "b"] = await p(key)
    except RuntimeError as error:
        p.log(error)
