"""A callee that changes variables of the caller while the caller waits for it."""


async def main(p):
    state = "start"
    log = []

    async def change(to):
        nonlocal state
        await p(("before", state))
        state = to
        await p(("after", state))

    before, _, after = state, await change("one"), state
    p.log(before, after)
    log.append((state, await change("two"), state))
    p.log(log)
    p.log(state + str(await change("three")) + state)
    x = state if state == "three" and not await change("four") else None
    p.log(x)
