"""Names that shadow builtins, parameters, functions and what the compiler may use itself."""


async def main(p, _f=1, _v=2, _x=3, _pc=4, _t1=6, _step=7):
    print = await p("print")  # noqa: A001
    len = lambda x: "own " + str(x)  # noqa: A001, E731
    frame, value, exc, slots, pc = range(5)
    p.log(print, len(3), _f, _v, _x, _pc, _t1, _step)
    _f, _pc = await p("own names"), "pc"
    main = "local main"  # noqa: F841
    type = str  # noqa: A001
    await p(frame)
    p.log(_f, _pc, _t1, value, exc, slots, pc, main, type(5))
    isinstance = issubclass = BaseException = Exception = None  # noqa: A001
    try:
        raise ValueError("v")
    except ValueError as error:
        await p("handler")
        p.log(error, isinstance, issubclass, BaseException, Exception)
