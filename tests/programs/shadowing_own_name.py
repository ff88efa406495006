"""The one name that compiled modules keep for themselves."""
# refused: KWF102


async def main(p, _kwf=5):
    return await p(_kwf)
