"""Arithmetic with accumulators over many suspensions in one frame."""


async def main(p):
    total, product, text = 0, 1, ""
    for i in range(1, 21):
        total += i
        product *= i
        text += (await p(i))[-1]
        if not i % 7:
            total = -total
    return total, product, text
