"""A longer workflow: a shopping cart that is driven by messages, with many kinds of statements."""

SCRIPT = [
    {"type": "add", "item": "a", "n": 2},
    {"type": "add", "item": "b", "n": 1},
    {"type": "email", "email": "x@y"},
    None,
    {"type": "remove", "item": "a", "n": 2},
    {"type": "unknown"},
    {"type": "add", "item": "a", "n": 5},
    {"type": "checkout"},
]


async def main(p):
    items, email, silent = {}, None, 0
    while True:
        message = await p(("waiting", dict(items)))
        if message is None:
            silent += 1
            if silent > 1 or not email:
                return "abandoned"
            p.log("remind", email)
            continue
        silent = 0
        match message:
            case {"type": "add", "item": item, "n": n}:
                items[item] = items.get(item, 0) + n
            case {"type": "remove", "item": item, "n": n} if item in items:
                items[item] -= n
                if items[item] <= 0:
                    del items[item]
            case {"type": "email", "email": email}:
                pass
            case {"type": "checkout"}:
                if email and items:
                    break
                p.log("cannot check out")
            case {"type": other} if not isinstance(other, str):
                return "abandoned"
            case _:
                p.log("ignored")
    return items, email
