"""Saved state shown without its classes and code."""

import json
import subprocess
import sys

import codec_shop as shop
import pytest
from codec_support import Asked

from kwf_runtime.errors import DecodeError
from kwf_runtime.serial import dumps, inspect_bytes, render, to_json, walk


def shown(value, max_chars=200):
    return render(inspect_bytes(dumps(value)), max_chars)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([1, -5, 2**70, "x", b"y", None, 1.5, True], "[1, -5, 1180591620717411303424, 'x', b'y', None, 1.5, True]"),
        ((1,), "(1,)"),
        (((), [], {}), "((), [], {})"),
        ({"a": 1, "b": "a"}, "{'a': 1, 'b': 'a'}"),
        ({1: {2}, (3,): 4}, "{1: {2}, (3,): 4}"),
        (shop.Plain(a=[1]), "Plain(a=[1])"),
        (shop.MyList([1]), "MyList(content=[1])"),
        (shop.Color.RED, "Color.RED"),
        (shop.Mode(3), "Mode(…)"),
        (shop.helper, "helper"),
        (shop.counter(3)[1], "<function counter.<locals>.<lambda>>"),
        (ValueError("x", 1), "ValueError('x', 1)"),
        (KeyError(), "KeyError()"),
        (iter([1]), "list_iterator([1], 0)"),
        (shop.counter(3)[1].__closure__[0], "<cell 3>"),
        (bytearray(b"x"), "b'x'"),
    ],
    ids=lambda part: part if isinstance(part, str) else type(part).__name__,
)  # fmt: skip
def test_text(value, text):
    assert shown(value) == text


def test_text_is_cut():
    assert shown(list(range(1000)), 20) == "[0, 1, 2, 3, 4, 5, …"
    assert len(shown("x" * 1000, 20)) == 20
    deep = None
    for _ in range(10_000):
        deep = [deep]
    assert "…" in shown(deep)
    knot = []
    knot.append(knot)
    assert shown(knot) == "[…]"


def test_frame_shows_its_variables():
    coroutine = shop.outer(1, Asked)
    coroutine.send(None)
    root = inspect_bytes(dumps(coroutine))
    frames = {node.name: node for node in walk(root) if node.kind == "frame"}
    trip = frames["codec_shop:trip"]
    assert trip.value == "await ask('first')#0"
    assert {name: render(one) for name, one in trip.locals().items()} == {
        "add": "<function trip.<locals>.add>",
        "ask": "test.Asked",
        "log": "['asked']",
        "total": "0",
    }
    assert render(root) == "<outer at 'await trip(0, ask)#0'>"
    assert root.get("n").value == 1
    assert root.get("leaf").get("caller").name == "codec_shop:outer"
    assert root.get("nothing") is None
    coroutine.close()
    assert shown(coroutine) == "<outer at its end>"
    fresh = shop.trip(1, Asked)
    assert shown(fresh) == "<trip at its start>"
    fresh.close()


def test_json_form():
    one = shop.Plain(items=[1, b"x"], inf=float("inf"))
    one.me = one
    form = to_json(inspect_bytes(dumps(one)))
    assert form["name"] == "codec_shop:Plain"
    assert form["items"]["me"] == {"ref": 0}
    assert form["items"]["items"] == {
        "kind": "list",
        "number": 1,
        "items": [1, {"kind": "leaf", "text": "b'x'"}],
    }
    assert form["items"]["inf"] == {"kind": "leaf", "text": "inf"}
    json.dumps(form, allow_nan=False)


def test_nothing_is_imported():
    coroutine = shop.trip(1, Asked)
    coroutine.send(None)
    data = dumps([coroutine, shop.Plain()])
    coroutine.close()
    program = (
        "import sys\n"
        "from kwf_runtime.serial import inspect_bytes, render\n"
        "print(render(inspect_bytes(sys.stdin.buffer.read())))\n"
        "assert 'codec_shop' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=data, capture_output=True, check=True
    )
    assert done.stdout.decode() == "[<trip at \"await ask('first')#0\">, Plain()]\n"


def test_wrong_bytes():
    with pytest.raises(DecodeError):
        inspect_bytes(b"nothing")
