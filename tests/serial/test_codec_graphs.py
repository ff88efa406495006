"""Random graphs over all types, with sharing and cycles: isomorphic after a round trip, same bytes."""

import collections
import datetime
import decimal
import functools
import types
import uuid

import codec_shop as shop
import pytest
from codec_support import isomorphic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwf_runtime.serial import dumps, inspect_bytes, loads, render, to_json

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**200), 2**200),
    st.floats(),
    st.complex_numbers(),
    st.text(st.characters(), max_size=80),
    st.binary(max_size=80),
)
VALUES = st.one_of(
    SCALARS,
    st.datetimes(timezones=st.sampled_from([None, datetime.UTC])),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.decimals(allow_nan=False),
    st.fractions(),
    st.builds(uuid.UUID, int=st.integers(0, 2**128 - 1)),
    st.builds(range, st.integers(), st.integers(), st.integers(1)),
    st.sampled_from(
        [..., NotImplemented, shop.Color.RED, shop.Level.LOW, shop.Plain, shop.helper, int, len]
    ),
    st.frozensets(st.one_of(st.integers(), st.text(max_size=5)), max_size=4),
    st.sets(st.one_of(st.integers(), st.text(max_size=5), st.none()), max_size=4),
    st.builds(bytearray, st.binary(max_size=9)),
)


class Builder:
    """Makes mutable things first, then fills them from all there is: any cycle may come out."""

    MAKERS = (
        list, dict, shop.Plain, shop.Slotted, shop.MyList, shop.MyDict, collections.deque, types.SimpleNamespace,
        collections.OrderedDict, lambda: collections.defaultdict(list), lambda: shop.Item("n", decimal.Decimal(1)),
        lambda: ValueError("x"), lambda: types.CellType(None), lambda: shop.counter(1)[0],
    )  # fmt: skip

    def __init__(self, data):
        self.draw = data.draw
        self.pool = [
            maker()
            for maker in self.draw(st.lists(st.sampled_from(self.MAKERS), min_size=1, max_size=12))
        ]

    def any(self):
        if self.draw(st.booleans()):
            return self.draw(st.sampled_from(self.pool))
        return self.draw(VALUES)

    def derive(self):
        kind = self.draw(
            st.sampled_from(("tuple", "point", "mytuple", "method", "partial", "key", "group"))
        )
        if kind == "tuple":
            return tuple(self.any() for _ in range(self.draw(st.integers(0, 5))))
        if kind == "point":
            return shop.Point(self.any(), self.any())
        if kind == "mytuple":
            return shop.MyTuple((self.any(),))
        if kind == "method":
            return types.MethodType(shop.helper, [self.any()])
        if kind == "partial":
            return functools.partial(shop.helper, self.any(), k=self.any())
        if kind == "key":
            return shop.Key(self.any(), self.any())
        return ExceptionGroup("g", [ValueError(self.any())])

    def fill(self, one):
        if isinstance(one, (list, collections.deque)):
            one += [self.any() for _ in range(self.draw(st.integers(0, 4)))]
        elif isinstance(one, dict):
            for _ in range(self.draw(st.integers(0, 4))):
                one[
                    self.draw(
                        st.one_of(st.text(max_size=3), st.integers(), st.tuples(st.integers()))
                    )
                ] = self.any()
        elif isinstance(one, shop.Slotted):
            one.left, one.right = self.any(), self.any()
        elif isinstance(one, types.CellType):
            one.cell_contents = self.any()
        elif isinstance(one, BaseException):
            one.args = (self.any(), self.any())
        elif isinstance(one, types.FunctionType):
            one.__closure__[0].cell_contents = self.any()
        if hasattr(one, "__dict__"):
            for name in self.draw(st.lists(st.sampled_from("abc"), max_size=2)):
                setattr(one, name, self.any())

    def build(self):
        containers = list(self.pool)
        for _ in range(self.draw(st.integers(0, 6))):
            self.pool.append(self.derive())
        for one in containers:
            self.fill(one)
        return self.draw(st.sampled_from(self.pool))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_random_graphs(data):
    check(Builder(data).build())


def check(graph):
    saved = dumps(graph)
    loaded = loads(saved)
    assert dumps(loaded) == saved
    assert isomorphic(graph, loaded)
    node = inspect_bytes(saved)
    assert len(render(node, 100)) <= 101
    to_json(node)


def in_dict_of_its_own():
    """An immutable root in a dict with keys of two kinds: its content waits for it."""
    content = shop.MyDict()
    root = shop.Point(None, content)
    content.update({"": root, "0": None, (0,): None})
    return root


def in_set_of_its_own():
    """The same through a set whose elements hash by what is filled last."""
    home = shop.MyDict()
    key = shop.ByValue(1)
    root = shop.Point({key}, home)
    home.update({(0,): root, key: [home]})
    return root


FOUND = (in_dict_of_its_own, in_set_of_its_own)


@pytest.mark.parametrize("make", FOUND, ids=lambda make: make.__name__)
def test_graphs_that_random_ones_found(make):
    check(make())
