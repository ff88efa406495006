"""``while True`` with tests in the middle, several breaks, nested loops and flags."""


async def main(p):
    attempt = 0
    found = None
    while True:
        attempt += 1
        if attempt > 10:
            break
        try:
            answer = await p(attempt)
            if attempt == 1:
                continue
            if attempt == 2:
                raise ValueError(answer)
            for char in answer:
                if char == "2":
                    found = char
                    break
                while True:
                    if await p(char) and char == "r":
                        break
                    return "never"
            if found:
                break
        except ValueError as error:
            p.log(attempt, error)
        else:
            p.log("else", attempt)
        finally:
            p.log("finally", attempt)
    return attempt, found
