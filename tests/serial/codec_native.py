"""A module that is not compiled; ``codec_shop`` lists ``Listed`` of it, and nothing else."""


class Listed:
    pass


class Unlisted:
    pass


def function():
    return lambda: 1


def generator():
    yield 1


async def coroutine():
    pass


def local_class():
    class Local:
        pass

    return Local()
