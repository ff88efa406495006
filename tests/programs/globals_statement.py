"""``global``: read, changed and created by async functions and closures, shadowing locals."""
# not saved: a module's variables are those of the process, not of the thread

counter = 0


async def bump(p):
    global counter
    counter += 1
    await p(counter)
    return counter


def make():
    def inner():
        global created
        created = "by inner"

    return inner


async def main(p):
    global counter
    counter = 0
    value = await bump(p)
    make()()
    p.log(value, counter, created)  # noqa: F821
    return counter
