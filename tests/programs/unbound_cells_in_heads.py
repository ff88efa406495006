"""A captured variable that is unbound, read where a definition or a comprehension is evaluated."""


async def main(p):
    reads = 0

    def capture():
        return value

    while reads < 5:
        await p(reads)
        reads += 1
        try:
            if reads == 1:
                p.log(lambda x=value: x)
            elif reads == 2:

                def function(x=value):
                    return x

            elif reads == 3:

                class C(value):
                    pass

            elif reads == 4:
                p.log([x for x in value])
            else:
                p.log(lambda x=(lambda y=value: y): x)
        except NameError as error:
            p.log(error)
    value = ()
