"""Plain functions called with closures: sort keys, map, filter, callbacks stored in objects."""


class Button:
    def __init__(self):
        self.handlers = []

    def on(self, handler):
        self.handlers.append(handler)
        return handler

    def press(self, *args):
        return [handler(*args) for handler in self.handlers]


async def main(p):
    button = Button()
    clicks = []

    @button.on
    def record(x):
        clicks.append(x)
        return len(clicks)

    button.on(clicks.append)
    button.on(lambda x: x * 2)
    await p("registered")
    p.log(button.press("a"), clicks)
    await p("pressed")
    p.log(button.press("b"), clicks, button.handlers[0] is record)
    mapped = map(lambda x: (x, len(clicks)), [1, 2, 3])
    p.log(next(mapped))
    clicks.clear()
    await p("mapped")
    p.log(list(mapped), sorted([3, 1, 2], key=lambda x: -x))
