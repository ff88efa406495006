"""``match`` in loops and in each other, with try/finally and returns in cases."""


async def handle(p, command):
    try:
        match command.split():
            case ["go", ("north" | "south") as direction]:
                match direction:
                    case "north":
                        return await p("going north")
                    case _:
                        await p("going on")
            case ["drop", *objects]:
                for thing in objects:
                    match thing:
                        case "nothing":
                            continue
                        case "all":
                            break
                        case other:
                            p.log("dropped", other, await p(other))
                else:
                    return "dropped everything"
            case []:
                raise ValueError("empty")
    finally:
        p.log("done", command, await p("finally"))
    return "fell through"


async def main(p):
    for command in ("go north", "go south", "drop a nothing b", "drop a all b", "sing", ""):
        try:
            p.log(await handle(p, command))
        except ValueError as error:
            p.log(error)
