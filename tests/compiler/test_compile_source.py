"""``compile_source``: the text, its lines, and what of the source it keeps."""

from __future__ import annotations

import ast
import textwrap

import pytest

import kwf_compiler
from kwf_compiler import CompileError, Diagnostic, Span, compile_source
from kwf_compiler.diagnostics import InternalCompilerError

SOURCE = textwrap.dedent('''\
    #!/usr/bin/env python
    """The module.

    Of two paragraphs."""

    # A comment before the imports.
    from __future__ import annotations

    import json  # kept

    X = {  'a':1,
           'b' : 2 }        # as it was written


    def native( a,b = 1 ):
        # a comment inside
        return a  +  b


    # What main does.
    @decorator  # why
    async def main(arg):
        """Doc."""
        total = 0
        for part in await split(arg):
            total += native(part)
        return json.dumps(total)


    class  Thing :
        attribute=1 ; other = 2

        def plain(self): return   self.attribute

        async def method(self):
            return await main(self)

    if __name__ == "__main__": print( main )
    # The end.
''')


def lines_of(code: str, text: str) -> list[int]:
    return [n for n, line in enumerate(code.splitlines(), 1) if text in line]


def test_the_code_is_python() -> None:
    result = compile_source(SOURCE, "w.py")
    assert result.code.startswith("# kwf: compiled from w.py; do not edit\n#!/usr/bin/env python\n")
    assert ast.get_docstring(ast.parse(result.code)) == "The module.\n\nOf two paragraphs."


@pytest.mark.parametrize(
    "kept",
    [
        "# A comment before the imports.\nfrom __future__ import annotations\n",
        (
            "import json  # kept\n\nX = {  'a':1,\n       'b' : 2 }        # as it was written\n\n\n"
            "def native( a,b = 1 ):\n    # a comment inside\n    return a  +  b\n\n\n# What main does.\n"
        ),
        "class  Thing :\n    attribute=1 ; other = 2\n\n    def plain(self): return   self.attribute\n\n",
        'if __name__ == "__main__": print( main )\n',
        "# The end.\n",
    ],
)
def test_what_is_not_compiled_keeps_its_text(kept: str) -> None:
    assert kept in SOURCE
    assert kept in compile_source(SOURCE, "w.py").code


def test_lines_are_those_of_the_source() -> None:
    result = compile_source(SOURCE, "w.py")
    for text, source_text in {
        "X = {": "X = {",
        "return a  +  b": "return a  +  b",
        "split(arg)": "split(arg)",
        "native(part)": "native(part)",
        "json.dumps(total)": "json.dumps(total)",
        "main(self)": "main(self)",
        "print( main )": "print( main )",
    }.items():
        (expected,) = lines_of(SOURCE, source_text)
        found = lines_of(result.code.partition("_kwf.module(")[0], text)
        assert found
        assert {result.source_map.original_line(line) for line in found} == {expected}


def test_added_lines_have_no_original() -> None:
    result = compile_source(SOURCE, "w.py")
    count = len(result.code.splitlines())
    (head,) = lines_of(result.code, "import kwf_runtime.abi")
    (foot,) = lines_of(result.code, "_kwf.module(")
    assert [result.source_map.original_line(n) for n in (0, 1, head, foot, count + 1)] == [None] * 5


def test_every_line_of_a_machine_has_one_of_its_function() -> None:
    result = compile_source(SOURCE, "w.py")
    (start,), (end,) = lines_of(result.code, "@_kwf.coroutine")[:1], lines_of(result.code, "class ")
    wanted = range(*(lines_of(SOURCE, text)[0] for text in ("@decorator", "class ")))
    for line in range(start, end):
        text = result.code.splitlines()[line - 1].strip()
        if text and not text.startswith(("else:", "#", "try:")):
            assert result.source_map.original_line(line) in wanted, text


def test_compiled_code_is_left_alone() -> None:
    once = compile_source(SOURCE, "w.py")
    twice = compile_source(once.code, "again.py")
    assert twice.code == once.code
    assert [twice.source_map.original_line(n) for n in (1, 7, 10_000)] == [1, 7, None]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "# nothing\n",
        '"""Doc."""',
        "from __future__ import annotations",
        '"""Doc."""; from __future__ import annotations; x = 1\n',
        "x = 1\r\n\r\nasync def f():\r\n    await x\r\n",
        "class C:\n\tasync def f(self):\n\t\tif self:\n\t\t\tawait self\n\tx = 1\n",
        "async def f(): await g()  # without a newline",
        "if 1:\n    async def f(): return '''a\nb'''\n",
        "async def f[T](x: T): await x\n" if hasattr(ast, "TypeAlias") else "pass",
        "async def f(x, /, *y: int, z='é', **k) -> 'r':\n    '''Doc.\n    é'''\n    await x\n",
        "def f():\n    async def g(): await f\n    return g\n",
        "x = lambda: 1; y = 2\n",
        "async def f():\n    return f'{await x!r:>{y}} {{}}' 'a' \"b\"\n",
    ],
)
def test_all_shapes_of_source(source: str) -> None:
    code = compile_source(source, "w.py").code
    compile(code, "w.py", "exec")
    assert ast.get_docstring(ast.parse(code), False) == ast.get_docstring(ast.parse(source), False)


DURABLE = {
    "import asyncio": "import kwf_runtime.aio as asyncio",
    "import asyncio as a": "import kwf_runtime.aio as a",
    "import asyncio, os": "import kwf_runtime.aio as asyncio, os",
    "import asyncio.events": "import kwf_runtime.aio as asyncio",
    "import asyncio.events as e": "import kwf_runtime.aio as e",
    "from asyncio import sleep": "from kwf_runtime.aio import sleep",
    "from asyncio import sleep as s, gather": "from kwf_runtime.aio import sleep as s, gather",
    "from asyncio import *": "from kwf_runtime.aio import *",
    "from asyncio.locks import Lock": "from kwf_runtime.aio import Lock",
    "import contextlib": "import kwf_runtime.ctx as contextlib",
    "from contextlib import suppress": "from kwf_runtime.ctx import suppress",
    "from . import asyncio": "from . import asyncio",
    "from .asyncio import x": "from .asyncio import x",
    "import asyncio_x": "import asyncio_x",
    "import my.asyncio": "import my.asyncio",
}


@pytest.mark.parametrize("statement", DURABLE)
@pytest.mark.parametrize(
    "place", ["{}\n", "{} ; x = 1\n", "if 1: {}  # why\n", "def f():\n    {}\n    return 1\n"]
)
def test_durable_imports(statement: str, place: str) -> None:
    if "*" in statement and "def" in place:
        pytest.skip("Python has no such import in a function")
    assert DURABLE[statement] in compile_source(place.format(statement), "w.py").code


def test_all_findings_at_once() -> None:
    with pytest.raises(CompileError) as caught:
        compile_source("f = lambda: (yield)\n_kwf_a = lambda: (yield)\n", "dir/w.py")
    assert str(caught.value) == (
        "dir/w.py:1:5: KWF207 yield in a lambda; write a def\n"
        "dir/w.py:2:1: KWF102 the name _kwf_a is the compiler's own; choose another one\n"
        "dir/w.py:2:10: KWF207 yield in a lambda; write a def"
    )
    assert [d.span.line for d in caught.value.diagnostics] == [1, 2, 2]
    span = Span("dir/w.py", 1, 5)
    assert caught.value.diagnostics[0] == Diagnostic(
        "KWF207", span, "yield in a lambda", "write a def"
    )


def test_a_finding_without_advice() -> None:
    assert str(Diagnostic("KWF101", Span("w.py", 2, 3), "wrong")) == "w.py:2:3: KWF101 wrong"


def test_the_package_has_its_names_only() -> None:
    for name in kwf_compiler.__all__:
        assert getattr(kwf_compiler, name)
    with pytest.raises(AttributeError, match="no attribute 'compile'"):
        kwf_compiler.compile  # noqa: B018


def test_a_text_that_is_another_program_is_a_fault_of_the_compiler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kwf_compiler.api.splice", lambda *_: "x = 2\n")
    with pytest.raises(InternalCompilerError, match="please report"):
        compile_source("x = 1\n", "w.py")
