"""``assert`` with awaits in the test and in the message."""

SCRIPT = [True, False, "the message", 0, None]


async def main(p):
    assert await p("passes"), await p("never")
    try:
        assert await p("fails"), await p("message")
    except AssertionError as error:
        p.log(error)
    try:
        assert await p("fails too")
    except AssertionError as error:
        p.log(error)
    return await p("end")
