"""Wrong numbers of values, and assignments that fail between two targets."""


async def main(p):
    for attempt in range(4):
        a = b = None
        try:
            if attempt == 0:
                a, b = await p("abc"), 1, 2
            elif attempt == 1:
                a, b, *c = [await p("one")]
            elif attempt == 2:
                a, (None or {})[await p("key")].x = 1, 2
            else:
                a = (await p("text")).attribute = 1
        except (ValueError, KeyError, AttributeError) as error:
            p.log(attempt, a, b, error)
