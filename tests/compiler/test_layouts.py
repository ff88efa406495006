"""Layouts: labels that keep their names when the code around them changes, and the slots that they save."""

from __future__ import annotations

import pytest

from kwf_compiler.layout import Layout
from kwf_compiler.pipeline import Compilation


def layouts(source: str) -> dict[str, Layout]:
    emitted = Compilation(source, "w.py").run().emitted
    assert emitted is not None
    return emitted.layouts


def labels(body: str, params: str = "a, b") -> dict[str, tuple[str, ...]]:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    (layout,) = layouts(f"async def main({params}):\n{lines}").values()
    return {label.name: label.slots for label in layout.labels}


def test_labels_are_texts_with_ordinals() -> None:
    assert list(labels("await a\nawait b(1,2)\nif b: await a\nx = (await a) + await a")) == [
        "await a#0", "await b(1, 2)#0", "await a#1", "await a#2", "await a#3",
    ]  # fmt: skip


def test_labels_are_in_the_order_of_the_source() -> None:
    (layout,) = layouts(
        "async def main(a):\n  try:\n    await a(1)\n  finally:\n    await a(2)\n  await a(3)\n"
    ).values()
    assert [(label.name, label.line) for label in layout.labels] == [
        ("await a(1)#0", 3),
        ("await a(2)#0", 5),
        ("await a(3)#0", 6),
    ]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (
            "async with a as x: pass",
            ["async with a#0", "async with a: leave#0", "async with a: leave by error#0"],
        ),
        ("async for x, y in a: pass", ["async for (x, y)#0"]),
        ("return [await x for x in a]", ["[await x for x in a]#0"]),
        ("return await f(" + "x" * 100 + ")", ["await f(" + "x" * 69 + "...#0"]),
    ],
)
def test_labels_of_what_awaits_without_the_word(body: str, names: list[str]) -> None:
    found = layouts(f"async def main(a):\n    {body}\n")["main"]
    assert [label.name for label in found.labels] == names


BODY = """\
x = await a(1)
for i in range(x):
    await b(i)
    try:
        y = await a(2)
    finally:
        await b(i)
return x
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x = await a(1)", "print(1)\nx = await a(1)"),
        ("x = await a(1)", "x = await a(1)\nawait a(3)"),
        ("    await b(i)\n    try", "    if x: await a(9)\n    await b(i)\n    try"),
        ("return x", "return x + await a(7)"),
        ("return x", "if x:\n    while i: i -= 1\nreturn x"),
        ("range(x)", "list(range(x))"),
    ],
)
def test_labels_keep_their_names(old: str, new: str) -> None:
    """What was suspended at a label of the old code finds it in the new one, with its slots."""
    before, after = labels(BODY), labels(BODY.replace(old, new))
    assert set(before) <= set(after)
    for name, slots in before.items():
        assert set(slots) <= set(after[name])


SLOTS = """\
f(a, await b(1))
for x in a:
    async with a:
        try:
            for y in b:
                f(a, b, await b(2))
        finally:
            [z for z in await b(3)]
        match a:
            case x if await b(4):
                f(await b(5), await b(6))
"""


@pytest.mark.parametrize("first", [SLOTS.splitlines()[0], SLOTS[SLOTS.index("for x") :]])
def test_slots_of_the_compiler_keep_their_names(first: str) -> None:
    """Statements in front of others use the same names again, so they do not rename theirs."""
    before, after = labels(SLOTS, "a, b, f"), labels(f"{first}\n{SLOTS}", "a, b, f")
    added = len(labels(first, "a, b, f"))
    assert list(before.values()) == list(after.values())[added:]


def test_other_functions_do_not_matter() -> None:
    lines = "".join(f"    {line}\n" for line in SLOTS.splitlines())
    main = f"async def main(a, b, f):\n{lines}"
    other = main.replace("main", "other")
    assert layouts(main)["main"].labels[0].slots == layouts(other + main)["main"].labels[0].slots
    assert [(label.name, label.slots) for label in layouts(main)["main"].labels] == [
        (label.name, label.slots) for label in layouts(other + main)["main"].labels
    ]


def test_an_await_of_the_same_text_moves_ordinals_behind_it_only() -> None:
    before = labels("await a(1)\nawait b\nawait b")
    after = labels("await a(1)\nawait b\nawait b\nawait b")
    assert list(after)[: len(before)] == list(before)


def test_slots_are_sorted_names_of_the_source() -> None:
    assert labels("z = y = x = 1\nawait a\nreturn x, y, z, b") == {
        "await a#0": ("b", "x", "y", "z")
    }


def test_parameters_of_every_kind() -> None:
    source = "async def main(a, /, b, *c, d=1, **e):\n    await a\n    return b, c, d, lambda: e\n"
    layout = layouts(source)["main"]
    assert layout.params == ("a", "b", "c", "d")  # e is a cell
    assert layout.labels[0].slots == ("b", "c", "d")


def test_names_are_qualified_and_counted() -> None:
    source = """
async def f(): pass
if 1:
    async def f(): yield
class C:
    def f(self):
        yield
        async def inner(): return (x for x in self)
    class D:
        async def f(self): pass
def g():
    async def f(): pass
    async def f(): pass
"""
    assert {name: layout.kind for name, layout in layouts(source).items()} == {
        "f": "coroutine",
        "f#1": "asyncgen",
        "C.f": "generator",
        "C.f.<locals>.inner": "coroutine",
        "C.f.<locals>.inner.<locals>._kwf_genexpr1": "generator",
        "C.D.f": "coroutine",
        "g.<locals>.f": "coroutine",
        "g.<locals>.f#1": "coroutine",
    }


def test_the_text_of_a_layout_is_the_layout() -> None:
    import ast

    layout = layouts("async def main(a, b):\n    x = 1\n    await a\n    return x\n")["main"]
    text = ast.unparse(layout.to_ast())
    assert text == "('coroutine', (('await a#0', 3, ('x',)),), ('a', 'b'))"
