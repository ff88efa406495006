"""send, throw and close of generators kept across suspensions."""

FAULTS = False  # a generator that is left suspended logs when it is collected


def echo(log):
    received = []
    try:
        while True:
            try:
                value = yield received[-1:]
            except ValueError as error:
                log("caught", error)
                value = "replaced"
            received.append(value)
            if value == "stop":
                return received
    finally:
        log("finally", received)


async def main(p):
    generator = echo(p.log)
    try:
        generator.send("too early")
    except TypeError as error:
        p.log(error)
    p.log(next(generator))
    await p("one")
    p.log(generator.send("a"))
    await p("two")
    p.log(generator.throw(ValueError("thrown")))
    await p("three")
    try:
        generator.send("stop")
    except StopIteration as stop:
        p.log(stop.value)
    other = echo(p.log)
    next(other)
    await p("four")
    other.close()
    other.close()
    third = echo(p.log)
    next(third)
    await p("five")
    try:
        third.throw(KeyError("not caught"))
    except KeyError as error:
        p.log(error)
    p.log(list(third))
