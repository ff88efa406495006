"""Two closures and their maker share one cell, before and after suspensions."""


async def main(p):
    count = 0

    def up():
        nonlocal count
        count += 1
        return count

    def show():
        return count

    up()
    await p("one")
    p.log(up(), show(), count)
    count = 10
    await p("two")
    p.log(show(), up(), count)
    pair = [up, {"show": show}]
    await p("three")
    p.log(pair[0](), pair[1]["show"](), pair[0] is up, pair[1]["show"] is show)
    p.log(up.__closure__[0] is show.__closure__[0] or up.__closure__[0].cell_contents)
