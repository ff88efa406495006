"""JSON of results and outputs."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import pathlib
import uuid

import pytest

from kwf_runtime.errors import JsonError
from kwf_runtime.jsonout import dumps


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Nested(enum.Enum):
    PATH = pathlib.PurePosixPath("a/b")


@dataclasses.dataclass
class Point:
    x: int
    tags: set[str]
    when: datetime.date


@pytest.mark.parametrize(
    ("obj", "text"),
    [
        (None, "null"),
        ({"a": [1, True, None, 1.5]}, '{"a":[1,true,null,1.5]}'),
        ("ü€\u2028\n", '"ü€\u2028\\n"'),
        ((1, (2,)), "[1,[2]]"),
        ({3}, "[3]"),
        (frozenset(), "[]"),
        (Point(1, {"t"}, datetime.date(2024, 2, 29)), '{"x":1,"tags":["t"],"when":"2024-02-29"}'),
        (datetime.datetime(2024, 1, 2, 3, 4, tzinfo=datetime.UTC), '"2024-01-02T03:04:00+00:00"'),
        (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (decimal.Decimal("1.10"), '"1.10"'),
        (pathlib.PurePosixPath("/a/b"), '"/a/b"'),
        (Color.RED, '"red"'),
        (Level.LOW, "1"),
        (Nested.PATH, '"a/b"'),
        ({1: 2, None: 3}, '{"1":2,"null":3}'),
    ],
    ids=repr,
)
def test_text(obj, text):
    assert dumps(obj) == text
    json.loads(text)


def cyclic():
    items = [1]
    items.append({"self": items})
    return items


def deep(levels):
    items = []
    for _ in range(levels):
        items = [items]
    return items


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        ({"a": [1, object()]}, "$.a[1]: an object of type object has no JSON form"),
        (b"bytes", "$: an object of type bytes has no JSON form"),
        ({"a b": {"c": float("inf")}}, "$['a b'].c: inf is not a number that JSON has"),
        (decimal.Decimal("NaN"), "$: Decimal('NaN') is not a number that JSON has"),
        ([{(1, 2): 3}], "$[0]: a key of type tuple: use a string"),
        (cyclic(), "$[1].self: it contains itself"),
        (["\ud800"], "$[0]: a text with a lone surrogate, which UTF-8 cannot hold"),
        ({"\ud800": 1}, "$, a key: a text with a lone surrogate, which UTF-8 cannot hold"),
        (Point(1, {b""}, None), "$.tags[0]: an object of type bytes has no JSON form"),
        (Point, "$: an object of type type has no JSON form"),
        (deep(501), "$: nested over 500 levels"),
        (deep(100_000), "$: nested over 500 levels"),
    ],
    ids=lambda value: str(value)[:30] if not isinstance(value, list) else "list",
)
def test_errors_name_the_path(obj, message):
    with pytest.raises(JsonError) as info:
        dumps(obj)
    assert str(info.value) == message
    assert isinstance(info.value, TypeError)


def test_nesting_up_to_the_limit():
    assert dumps(deep(499)) == "[" * 500 + "]" * 500


def test_shared_parts_are_no_cycle():
    shared = [1]
    assert dumps([shared, shared]) == "[[1],[1]]"
