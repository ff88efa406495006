"""Large, deep and oddly named functions compile and run."""

from __future__ import annotations

import asyncio
import sys
import textwrap
import types
from collections.abc import Iterator
from typing import Any

import pytest

from kwf_compiler import CompileError, compile_source, hook
from kwf_compiler.emit.machine import SHORT


@pytest.fixture(autouse=True)
def _module() -> Iterator[None]:
    yield
    sys.modules.pop("emitted", None)


def load(source: str) -> types.ModuleType:
    """The module, run from its tree; its text is compiled as well, and must be the same program."""
    source = textwrap.dedent(source)
    compile(compile_source(source, "emitted.py").code, "emitted.py", "exec")
    module = types.ModuleType("emitted")
    sys.modules["emitted"] = module
    exec(hook.compile_code(source, "emitted.py"), module.__dict__)
    return module


class Answers:
    """Called and awaited, gives the numbers from 0."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, *args: object) -> Answers:
        return self

    def __await__(self) -> Iterator[Any]:
        self.count += 1
        return iter(())


def finish(coro: Any) -> Any:
    try:
        coro.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits")


def test_three_hundred_awaits() -> None:
    awaits = "\n".join(f"    total += await one({n})" for n in range(300))
    module = load(
        f"async def one(n): return n\nasync def main():\n    total = 0\n{awaits}\n    return total\n"
    )
    assert finish(module.main()) == sum(range(300))


def test_three_hundred_branches() -> None:
    branches = "\n".join(f"    if n == {n}:\n        return await one({n})" for n in range(300))
    module = load(f"async def one(n): return n\nasync def main(n):\n{branches}\n")
    assert [finish(module.main(n)) for n in (0, 1, 150, 299, 300)] == [0, 1, 150, 299, None]


def test_a_long_chain_of_elif() -> None:
    chain = "\n".join(f"    elif n == {n}:\n        x = await one({n})" for n in range(60))
    module = load(
        f"async def one(n): return n\nasync def main(n):\n    if n < 0: x = -1\n{chain}\n"
        "    else: x = await one(n * 2)\n    return x\n"
    )
    assert [finish(module.main(n)) for n in (-5, 0, 30, 59, 60)] == [-1, 0, 30, 59, 120]


@pytest.mark.parametrize("depth", [5, 11, 12, 13, 18])
def test_nested_blocks(depth: int) -> None:
    """More than are written inside of each other; CPython takes 20 blocks and 100 indentations."""
    lines = [f"{'    ' * (n + 1)}if n != {n}:" for n in range(depth)]
    inner = "    " * (depth + 1) + "total = await one(n)"
    ends = [f"{'    ' * (n + 2)}total += 1" for n in reversed(range(depth))]
    body = "\n".join([*lines, inner, *ends])
    source = f"async def one(n): return n\nasync def main(n):\n    total = -1\n{body}\n    return total\n"
    module = load(source)
    assert finish(module.main(50)) == 50 + depth
    for n in range(depth):
        assert finish(module.main(n)) == -1 + max(n, 0) if n else -1


def test_many_conditions_of_one_path() -> None:
    """A block may lead into a next one that only it leads to, deeper than the inline limit."""
    count = 40
    lines = []
    for n in range(count):
        indent = "    " * (n + 1)
        lines += [f"{indent}if n == {n}:", f"{indent}    return {n}", f"{indent}else:"]
    body = "\n".join(lines) + "\n" + "    " * (count + 1) + "return await one(n)"
    module = load(f"async def one(n): return -n\nasync def main(n):\n{body}\n")
    assert [finish(module.main(n)) for n in (0, 20, 39, 77)] == [0, 20, 39, -77]


@pytest.mark.parametrize("statement", ["try", "for", "while", "with"])
def test_deeply_nested_statements(statement: str) -> None:
    head, tail = {
        "try": ("try:", "finally: total += 1"),
        "for": ("for _ in (1,):", "total += 1"),
        "while": ("while True:", "total += 1; break"),
        "with": ("with Manager() as m:", "total += m"),
    }[statement]
    depth, lines, ends = 15, [], []
    for n in range(depth):
        indent = "    " * (n + 1)
        lines.append(indent + head)
        ends.append((indent if statement == "try" else indent + "    ") + tail)
    body = "\n".join([*lines, "    " * (depth + 1) + "total = await one(0)", *reversed(ends)])
    module = load(f"""
class Manager:
    def __enter__(self): return 1
    def __exit__(self, *args): pass
async def one(n): return n
async def main():
{body}
    return total
""")
    assert finish(module.main()) == depth


@pytest.mark.parametrize("name", sorted(SHORT.values()))
def test_short_names_of_the_source(name: str) -> None:
    module = load(f"""
async def main({name}):
    try:
        x = await {name}()
        return {name}, [{name} for _ in (1,)][0], (lambda: {name})()
    except ValueError:
        pass
""")
    answers = Answers()
    assert finish(module.main(answers)) == (answers, answers, answers)


def test_names_that_the_passes_would_take() -> None:
    module = load("""
    async def one(n): return n
    async def main(_t1, _iter1, _done1=3):
        global _t2
        _t2 = 10
        for _next1 in (1, 2):
            try:
                _t1 += await one(_next1) + await one(_iter1)
            finally:
                _result1 = await one(_done1)
        return _t1, _t2, _iter1, _done1, _next1, _result1
    """)
    assert finish(module.main(1, 2)) == (8, 10, 2, 3, 2, 3)
    assert module._t2 == 10


@pytest.mark.parametrize(
    "source",
    [
        "_kwf = 1",
        "import _kwf_x",
        "import x as _kwf",
        "from x import _kwf",
        "def f(_kwf_a): pass",
        "def f(*_kwf_a): pass",
        "class _kwf_C: pass",
        "f(_kwf_a=1)",
        "x._kwf_y",
        "global _kwf_x",
        "try: pass\nexcept E as _kwf_e: pass",
        "match x:\n    case _kwf_m: pass",
        "match x:\n    case [*_kwf_m]: pass",
        "match x:\n    case {**_kwf_m}: pass",
        "match x:\n    case C(_kwf_m=1): pass",
        "def f():\n    def g():\n        nonlocal _kwf_x\n    _kwf_x = 1",
        "for _kwf_i in x: pass",
        "import a._kwf_b",
        "from a._kwf_b import c",
    ],
)
def test_reserved_names_are_refused(source: str) -> None:
    with pytest.raises(CompileError) as caught:
        compile_source(source, "w.py")
    assert {found.code for found in caught.value.diagnostics} == {"KWF102"}


def test_compiled_functions_run_on_asyncio() -> None:
    module = load("""
    import asyncio
    async def main(n):
        values = []
        async with asyncio.timeout(10):
            async for value in numbers(n):
                values.append(value)
        return values
    async def numbers(n):
        for i in range(n):
            await asyncio.sleep(0)
            yield i
    """)
    assert asyncio.run(module.main(3)) == [0, 1, 2]
