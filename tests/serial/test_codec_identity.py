"""Sharing and cycles survive, through whatever they pass; no depth is too deep."""

import collections
import functools
import types

import codec_shop as shop
import pytest
from codec_support import Asked, isomorphic, round_trip

from kwf_runtime.core.unbound import UNBOUND
from kwf_runtime.serial import dumps, loads


def test_shared_objects_stay_shared():
    for one in ([], {}, {1: 2}, {1}, bytearray(b"x"), shop.Plain(), (1, []), "x" * 100, b"x" * 100):
        first, second = round_trip([one, one])
        assert first is second
        first, second = round_trip(
            [one, type(one)(one) if isinstance(one, list) else one.__class__()]
        )
        assert first is not second


def test_list_that_holds_itself():
    one = []
    one.append(one)
    loaded = round_trip(one)
    assert loaded[0] is loaded and len(loaded) == 1


def test_dict_that_holds_itself():
    one = {}
    one["me"] = one
    one[1] = one
    loaded = round_trip(one)
    assert loaded["me"] is loaded and loaded[1] is loaded


def test_tuple_that_holds_itself_through_a_list():
    one = ([],)
    one[0].append(one)
    for root in (one, one[0], [one, one[0]]):
        loaded = round_trip(root)
        assert isomorphic(root, loaded)


def test_tuples_that_hold_each_other():
    shared = []
    one = (shared, 1)
    two = (one, shared, 2)
    three = ((two, one), two)
    shared += [three, two, one]
    for root in (one, two, three, shared, [two, one], {"a": three}, shop.Plain(a=two)):
        loaded = round_trip(root)
        assert isomorphic(root, loaded)


@pytest.mark.parametrize("start", range(6))
def test_cycle_through_everything(start):
    plain = shop.Plain()
    bound = plain.method
    key = shop.Key(plain, 1)
    part = functools.partial(shop.helper, plain)
    named = shop.Point(bound, part)
    proxy = types.MappingProxyType({"n": named})
    plain.all = [bound, part, named, proxy, (named,), shop.MyTuple((named,))]
    del key
    root = [plain, bound, part, named, proxy, plain.all][start]
    data = dumps(root)
    loaded = loads(data)
    assert dumps(loaded) == data
    plain = loaded if start == 0 else find_plain(loaded)
    bound, part, named, proxy, single, mine = plain.all
    assert bound.__self__ is plain and part.args[0] is plain
    assert named == (bound, part) and named.x is bound and proxy["n"] is named
    assert single[0] is named and mine[0] is named


def find_plain(root):
    queue = collections.deque([root])
    while True:
        one = queue.popleft()
        if isinstance(one, shop.Plain):
            return one
        if isinstance(one, types.MethodType):
            queue.append(one.__self__)
        elif isinstance(one, functools.partial):
            queue += one.args
        elif isinstance(one, types.MappingProxyType):
            queue += one.values()
        elif isinstance(one, (list, tuple)):
            queue += one


def test_sets_and_keys_of_objects_in_a_cycle():
    one, two = shop.ByValue(1), shop.ByValue(2)
    one.home = {one, two}
    two.home = {one: two, two: one}
    for root in (one, two, one.home, [two.home, one]):
        loaded = round_trip(root)
        assert isinstance(loaded, type(root))
    loaded = round_trip(one)
    assert loaded in loaded.home
    other = next(v for v in loaded.home if v is not loaded)
    assert other.home[loaded] is other and other.home[other] is loaded


def test_ordered_dict_with_keys_in_a_cycle():
    one = shop.ByValue(1)
    one.home = collections.OrderedDict([((one,), 1), ((2,), 2)])
    loaded = round_trip(one)
    assert list(loaded.home.values()) == [1, 2]
    assert next(iter(loaded.home))[0] is loaded


def test_counter_with_keys_that_are_filled_late():
    one = shop.ByValue(1)
    one.home = collections.Counter([(one, 1), (one, 1)])
    assert round_trip(one).home.most_common()[0][1] == 2


def test_dag_of_tuples_is_not_unfolded():
    one = ()
    for _ in range(200):
        one = (one, one)
    data = dumps(one)
    assert len(data) < 2000
    loaded = loads(data)
    assert loaded[0] is loaded[1]


def test_repeated_names_cost_little():
    many = dumps([shop.Item("name", 1) for _ in range(100)])
    few = dumps([shop.Item("name", 1) for _ in range(99)])
    assert len(many) - len(few) <= 12
    assert len(dumps(["some longer text"] * 100)) < 350


def test_equal_sets_have_equal_bytes():
    forward, backward = set(), set()
    for i in range(1000):
        forward.add(f"k{i}")
        backward.add(f"k{999 - i}")
    assert dumps(forward) == dumps(backward)


def nested(make, depth):
    one = None
    for _ in range(depth):
        one = make(one)
    return one


def unwrap(one, step):
    depth = 0
    while one is not None:
        one, depth = step(one), depth + 1
    return depth


@pytest.mark.parametrize(
    ("make", "step"),
    [
        (lambda one: [one], lambda one: one[0]),
        (lambda one: (one,), lambda one: one[0]),
        (lambda one: {"next": one}, lambda one: one["next"]),
        (lambda one: {1: one}, lambda one: one[1]),
        (lambda one: shop.Plain(next=one), lambda one: one.next),
        (lambda one: shop.Slotted(one), lambda one: one.left),
        (lambda one: shop.MyList([one]), lambda one: one[0]),
        (lambda one: collections.deque([one]), lambda one: one[0]),
        (lambda one: functools.partial(shop.helper, one), lambda one: one.args[0]),
    ],
    ids="list tuple dict intdict plain slotted mylist deque partial".split(),
)
def test_100_000_levels(make, step):
    loaded = loads(dumps(nested(make, 100_000)))
    assert unwrap(loaded, step) == 100_000
    while loaded is not None:  # free it level by level
        loaded = step(loaded)


def test_linked_list_of_1_000_000_nodes():
    one = nested(shop.Slotted, 1_000_000)
    data = dumps(one)
    assert len(data) < 8_000_000
    assert unwrap(loads(data), lambda node: node.left) == 1_000_000


def test_await_chain_of_100_000_frames():
    coroutine = shop.outer(100_000, Asked)
    asked = coroutine.send(None)
    coroutine, asked = loads(dumps((coroutine, asked)))
    asked.value = 3
    asked = coroutine.send(None)
    coroutine, asked = loads(dumps((coroutine, asked)))
    asked.value = 4
    with pytest.raises(StopIteration) as stop:
        coroutine.send(None)
    assert stop.value.value == (2, (1, (0, (7, ["asked", 3], UNBOUND))))
