"""Layout: backslashes, semicolons, one-line blocks, comments between, parentheses, odd indents."""


async def main(p):
    a = 1; b = await p("semicolon"); c = a  # noqa: E702
    if a: d = await p("one line")  # noqa: E701
    else: d = None  # noqa: E701
    # a comment
    total = a + \
        len(await p("backslash")) \
        + 1
    for x in (1, 2): await p(x)  # noqa: E701
    while a: a -= 1; await p(a)  # noqa: E701, E702
    p.log(
        total,  # comment inside

        (await p(
            "parentheses"
        )),
        c, d,
    )
    if total:
          # odd indentation
          p.log(await p("odd"))
    try: await p("try")  # noqa: E701
    finally: p.log("finally")  # noqa: E701
