"""Functions and classes defined conditionally, redefined, and deleted."""


async def main(p):
    for i in range(2):
        if i == 0:

            async def work(x):
                return "first", x, await p(x)

        else:

            async def work(x):
                return "second", x, await p(x), i

        p.log(await work(i), work.__name__)
    kept = work
    del work
    await p("deleted")
    try:
        work  # noqa: B018
    except UnboundLocalError as error:
        p.log(error)
    p.log(await kept("again"))

    def work():
        return "plain now"

    p.log(work())
