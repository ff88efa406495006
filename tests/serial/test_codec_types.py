"""Each type that a workflow may hold survives, with its exact type."""

import array
import collections
import contextvars
import datetime
import decimal
import fractions
import io
import itertools
import logging
import math
import operator
import pathlib
import random
import re
import types
import uuid
import weakref
import zoneinfo

import codec_native
import codec_shop as shop
import pytest
from codec_support import round_trip

from kwf_runtime.core.unbound import UNBOUND
from kwf_runtime.errors import UnsavableError
from kwf_runtime.serial import dumps, loads

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")

VALUES = [
    None, True, False, 0, 1, 127, 128, 255, 256, 2**32, 2**63, 2**64 - 1, 2**64, 2**64 + 1, 10**400,
    -1, -31, -32, -33, -128, -(2**63), -(2**63) - 1, -(2**64), -(2**64) - 1, -(2**64) + 1, -(10**400),
    0.0, -0.0, 1.5, math.inf, -math.inf, 5e-324, 3 - 4j, complex("inf-0j"),
    "", "a", "é\U0001f600", "\ud800 lone", "\x00", "x" * 64, "x" * 65, "é" * 64, "x" * 100_000,
    b"", b"a", b"\xff" * 64, b"\xff" * 65, bytearray(b"abc"), bytearray(),
    [], [1, [2, [3]]], (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((), ((),)),
    {}, {"a": 1}, {1: "a", None: 2, (1, 2): 3}, {"k": {"k": {}}}, {b"x": 1.5, True: 2},
    dict.fromkeys(map(str, range(100))), dict.fromkeys(range(100)),
    set(), {1, 2, 3}, {"a", "b"}, {1, "a", None, 2.5, (1, "b")}, frozenset(), frozenset({1}), {frozenset({1})},
    ..., NotImplemented, range(3), range(0, 100, 7), range(2**70, 2**71, 3), range(5, 0, -1), slice(1, None, 2),
    UNBOUND, int, dict, ValueError, type(None), type, object,
    decimal.Decimal("1.10"), decimal.Decimal("-Infinity"), decimal.Decimal("1e-999999"),
    fractions.Fraction(-3, 7), fractions.Fraction(2**100, 3),
    uuid.UUID("12345678-1234-5678-1234-567812345678"),
    datetime.datetime(2024, 2, 29, 12, 30, 1, 999_999), datetime.datetime.max, datetime.datetime.min,
    datetime.datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1), datetime.datetime(2024, 1, 1, fold=1),
    datetime.datetime(1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=14))),
    datetime.date(1999, 12, 31), datetime.time(1, 2, 3, 4), datetime.time(1, 2, tzinfo=datetime.UTC, fold=1),
    datetime.timedelta(days=-3, microseconds=1), datetime.timedelta.max,
    datetime.UTC, datetime.timezone(datetime.timedelta(minutes=-90)),
    datetime.timezone(datetime.timedelta(hours=1), "X"), BERLIN,
    pathlib.PurePosixPath("/a/../b"), pathlib.PureWindowsPath("c:\\x"), pathlib.Path("a/b"), pathlib.Path(),
    re.compile(r"(?P<x>a+)", re.I | re.S), re.compile(rb"\d"),
    shop.Color.RED, shop.Color.BLUE, shop.Mode.READ, shop.Mode.READ | shop.Mode.WRITE, shop.Mode(0),
    shop.Level.LOW, shop.Word.YES, {shop.Word.YES: 1}, re.I,
    collections.OrderedDict([("b", 1), ("a", 2)]), collections.OrderedDict([((1, 2), 3)]),
    collections.defaultdict(list, {(1, 2): [1]}), collections.defaultdict(None, a=1),
    collections.Counter("abracadabra"), collections.Counter([(1, 2), (1, 2)]),
    collections.ChainMap({"a": 1}, {"b": 2}), collections.UserDict(a=1), collections.UserList([1]),
    collections.deque([1, 2]), collections.deque([1, 2, 3], maxlen=3), collections.deque(maxlen=0),
    types.SimpleNamespace(a=1, b=[2]), types.MappingProxyType({"a": 1}), types.MappingProxyType({(1, 2): 1}),
    shop.Point(1, [2]), shop.Item("x", decimal.Decimal(1), ["t"]), shop.Key(1, (2, 3)),
    {shop.Key(1, 2): "k"}, {shop.Key(1, 2)}, frozenset({shop.Key(1, 2)}),
    shop.MyStr("s"), shop.MyInt(-5), shop.MyInt(2**100), shop.MyFloat(0.5), shop.MyBytes(b"x"),
    shop.MyTuple((1, 2)), shop.MyList([1, 2]), shop.MySet({1, 2}), shop.MyFrozenSet({1}),
    shop.MyDeque([1], 3), shop.MyOrdered(a=1), shop.MyUserDict(a=1), shop.MyDict(a=1), shop.MyDict({(1, 2): 3}),
    len, math.sqrt, operator.add, str.upper, list.append, shop.helper, shop.Plain, shop.Plain.Inner,
    shop.Plain.method, shop.Plain.static, types, shop, shop.MISSING, shop.LOCK, shop.REQUEST, codec_native.Listed,
][:-1] + [codec_native.Listed]  # fmt: skip
VALUES = [one for one in VALUES if one is not types]


@pytest.mark.parametrize(
    "value", VALUES, ids=[f"{type(v).__name__}-{n}" for n, v in enumerate(VALUES)]
)
def test_value_survives(value):
    loaded = round_trip(value)
    assert type(loaded) is type(value)
    assert loaded == value
    assert repr(loaded) == repr(value) or isinstance(value, (set, frozenset))


def test_not_a_number_survives():
    assert math.isnan(round_trip(math.nan))
    assert decimal.Decimal.is_snan(round_trip(decimal.Decimal("sNaN12")))


def test_enum_members_and_singletons_keep_their_identity():
    values = [shop.Color.RED, shop.Level.LOW, UNBOUND, ..., NotImplemented, shop.MISSING, shop.LOCK]
    for one, loaded in zip(values, round_trip(values)):
        assert one is loaded


def test_subclasses_of_builtins_keep_their_attributes():
    for value in (shop.MyList([1]), shop.MyTuple((1,)), shop.MyStr("a"), shop.MyDeque([1])):
        value.note = ["n"]
        loaded = round_trip(value)
        assert loaded == value
        assert loaded.note == ["n"]
    value = shop.MyDict(a=1)
    value.note = "slot"
    assert round_trip(value).note == "slot"


def test_subclass_of_defaultdict_keeps_its_factory():
    loaded = round_trip(shop.MyDefault(shop.Plain, {1: 2}))
    assert (dict(loaded), loaded.default_factory) == ({1: 2}, shop.Plain)


def test_ordered_dicts_keep_an_order_that_was_changed():
    for kind in (collections.OrderedDict, shop.MyOrdered):
        value = kind(a=1, b=2)
        value.move_to_end("a")
        assert list(round_trip(value)) == ["b", "a"]


def test_zone_is_the_same_object_that_zoneinfo_gives():
    assert round_trip([BERLIN])[0] is BERLIN


def test_files_in_memory_go_on_where_they_were():
    text, data = io.StringIO("a\r\nb", newline=""), io.BytesIO(b"12345")
    text.read(2), data.seek(7)
    both, twin, *_ = round_trip([[text, data], text])
    assert both[0] is twin
    assert (twin.tell(), twin.read(), both[1].tell(), both[1].getvalue()) == (2, "\nb", 7, b"12345")
    text.close()
    with pytest.raises(UnsavableError, match="it is closed"):
        dumps(text)


@pytest.mark.parametrize(
    "made", [array.array("b", [-1]), array.array("d", [1.5]), array.array("Q")]
)
def test_arrays(made):
    loaded = round_trip(made)
    assert loaded == made
    assert loaded.typecode == made.typecode


def test_loggers_are_their_names():
    logger = logging.getLogger("kwf.test")
    assert round_trip([logger, logging.getLogger()]) == [logger, logging.getLogger()]
    with pytest.raises(UnsavableError, match="by its name"):
        dumps(logging.Logger("stray"))


def test_methods_of_named_tuples():
    replace = round_trip(shop.Point(1, 2)._replace)
    assert replace(y=5) == shop.Point(1, 5)


def test_random_goes_on_where_it_was():
    generator = random.Random(7)
    generator.gauss(0, 1)
    loaded = round_trip(generator)
    assert [loaded.gauss(0, 1) for _ in range(5)] == [generator.gauss(0, 1) for _ in range(5)]


def test_decimal_context_survives():
    context = decimal.Context(prec=7, rounding=decimal.ROUND_UP)
    context.flags[decimal.Inexact] = True
    loaded = round_trip(context)
    assert repr(loaded) == repr(context)


def test_contextvars_context_keeps_known_variables():
    def inside():
        shop.REQUEST.set(["r"])
        contextvars.ContextVar("unknown").set(1)
        decimal.getcontext().prec = 5

    context = contextvars.Context()
    context.run(inside)
    loaded, shared = round_trip([context, context[shop.REQUEST]])
    assert loaded[shop.REQUEST] is shared
    assert shared == ["r"]
    assert loaded.run(decimal.getcontext).prec == 5
    assert loaded.run(lambda: [var.name for var in loaded]) in (
        ["REQUEST", "decimal_context"],
        ["decimal_context", "REQUEST"],
    )


ITERATORS = {
    "list": lambda: iter([1, 2, 3]),
    "tuple": lambda: iter((1, 2, 3)),
    "str": lambda: iter("abc"),
    "wide str": lambda: iter("a\u0100c"),
    "bytes": lambda: iter(b"abc"),
    "bytearray": lambda: iter(bytearray(b"abc")),
    "range": lambda: iter(range(3)),
    "big range": lambda: iter(range(2**70, 2**70 + 3)),
    "dict": lambda: iter({"a": 1, "b": 2}),
    "values": lambda: iter({"a": 1, "b": 2}.values()),
    "items": lambda: iter({"a": 1, "b": 2}.items()),
    "reversed dict": lambda: reversed({"a": 1, "b": 2}),
    "ordered dict": lambda: iter(collections.OrderedDict(a=1, b=2)),
    "ordered items": lambda: iter(collections.OrderedDict(a=1, b=2).items()),
    "deque": lambda: iter(collections.deque([1, 2, 3])),
    "set": lambda: iter({1, 2, 3}),
    "reversed list": lambda: reversed([1, 2, 3]),
    "reversed tuple": lambda: reversed((1, 2, 3)),
    "enumerate": lambda: enumerate("abc", 5),
    "zip": lambda: zip("abc", [1, 2, 3]),
    "strict zip": lambda: zip("abc", [1, 2, 3], strict=True),
    "map": lambda: map(len, ["a", "bb", "ccc"]),
    "filter": lambda: filter(None, [1, 0, 2, 3]),
    "callable": lambda: iter([1, 2, 3].pop, 1),
    "subclass": lambda: iter(shop.MyList([1, 2, 3])),
    "generator": lambda: shop.numbers(3),
    "accumulate": lambda: itertools.accumulate([1, 2, 3]),
    "accumulate from": lambda: itertools.accumulate([1, 2, 3], operator.mul, initial=5),
    "chain": lambda: itertools.chain([1, 2], "ab"),
    "chain from": lambda: itertools.chain.from_iterable([[1, 2], "ab"]),
    "combinations": lambda: itertools.combinations("abc", 2),
    "combinations with": lambda: itertools.combinations_with_replacement("abc", 2),
    "compress": lambda: itertools.compress("abcd", [1, 0, 1, 1]),
    "count": lambda: itertools.count(5, 2),
    "cycle": lambda: itertools.cycle([1, 2, 3]),
    "dropwhile": lambda: itertools.dropwhile(shop.helper, [1, 2, 3]),
    "dropped": lambda: itertools.dropwhile(operator.not_, [0, 1, 0, 2]),
    "filterfalse": lambda: itertools.filterfalse(None, [0, 1, 0, ""]),
    "groupby": lambda: (key for key in ()) and None or itertools.groupby("aab"),
    "islice": lambda: itertools.islice([1, 2, 3, 4, 5], 1, 5, 2),
    "permutations": lambda: itertools.permutations("abc", 2),
    "product": lambda: itertools.product("ab", [1, 2]),
    "repeat": lambda: itertools.repeat("x", 3),
    "endless repeat": lambda: itertools.repeat("x"),
    "starmap": lambda: itertools.starmap(pow, [(1, 2), (2, 2), (3, 2)]),
    "takewhile": lambda: itertools.takewhile(operator.truth, [1, 2, 0, 3]),
    "zip_longest": lambda: itertools.zip_longest("abc", [1], fillvalue="-"),
}


@pytest.mark.parametrize("name", ITERATORS)
@pytest.mark.parametrize("taken", [0, 1, 2, 50])
def test_iterator_goes_on_where_it_was(name, taken):
    def show(one):
        return one[0] if name == "groupby" else one

    iterator = ITERATORS[name]()
    for _ in itertools.islice(iterator, taken):
        pass
    loaded = loads(dumps(iterator))
    rest = [show(one) for one in itertools.islice(iterator, 10)]
    assert [show(one) for one in itertools.islice(loaded, 10)] == rest


@pytest.mark.parametrize("make", [dict, shop.MyDict])
def test_iterator_goes_on_in_its_dict(make):
    one = make(a=1, b=2, c=3)
    iterators = [iter(one), iter(one.values()), iter(one.items())]
    for iterator in iterators:
        next(iterator)
    loaded, *iterators = round_trip([one, *iterators])
    loaded["c"] = "new"
    assert [list(one) for one in iterators] == [["b", "c"], [2, "new"], [("b", 2), ("c", "new")]]
    iterator = iter(one)
    next(iterator)
    del one["c"]
    loaded, iterator = round_trip([one, iterator])
    with pytest.raises(RuntimeError, match="changed size"):
        next(iterator)


def test_iterators_inside_of_what_they_walk():
    values, mapping, keyed = [1, 2, 3], {"a": 1, "b": 2}, {(1, 2): 1, (3, 4): 2}
    knot = shop.Plain(values=values, mapping=mapping, keyed=keyed)
    iterators = [
        iter(values),
        reversed(values),
        iter(mapping.items()),
        enumerate(iter(mapping)),
        iter(keyed),
    ]
    for one in iterators:
        next(one)
    values.insert(0, (iterators, knot))
    iterators[0].__setstate__(2)
    mapping["a"], keyed[1, 2] = iterators[2], (iterators[3], iterators[4])
    for root in (values, mapping, keyed, iterators, knot, iterators[0]):
        loaded = loads(dumps(root))
        assert dumps(loaded) == dumps(root)
    loaded = loads(dumps(knot))
    iterators = loaded.values[0][0]
    assert list(iterators[0]) == [2, 3]
    assert list(iterators[2]) == [("b", 2)]
    assert list(iterators[3]) == [(1, "b")]
    assert list(iterators[4]) == [(3, 4)]
    assert loaded.mapping["a"] is iterators[2]


def test_iterator_of_a_class_with_getitem():
    iterator = iter(shop.Squares())
    next(iterator)
    loaded = round_trip(iterator)
    assert list(loaded) == [1, 4]
    assert list(round_trip(loaded)) == []


def test_bound_methods_of_library_objects():
    one = collections.Counter("a")
    update, loaded = round_trip([one.update, one])
    update("b")
    assert loaded == {"a": 1, "b": 1}
    for method in (datetime.date(2024, 1, 2).isoformat, collections.deque([1]).pop, decimal.Decimal("1.5").sqrt,
                   shop.MyList([1]).copy, re.compile("a").findall, "x".upper):  # fmt: skip
        loaded = round_trip(method)
        assert loaded.__name__ == method.__name__
        assert loaded.__self__ == method.__self__


def test_views_of_dicts():
    one = {"a": 1}
    loaded, keys, values, items = round_trip([one, one.keys(), one.values(), one.items()])
    loaded["b"] = 2
    assert (list(keys), list(values), list(items)) == (["a", "b"], [1, 2], [("a", 1), ("b", 2)])
    assert list(round_trip(one.keys())) == ["a"]


def test_memoryview_of_bytes():
    loaded = round_trip(memoryview(b"abc")[1:])
    assert type(loaded) is memoryview and loaded.tobytes() == b"bc"


def test_iterator_shares_its_list():
    values = [1, 2]
    iterator = iter(values)
    next(iterator)
    values, iterator = round_trip([values, iterator])
    values.append(3)
    assert list(iterator) == [2, 3]


def test_weak_reference_to_what_is_held():
    one = shop.Plain()
    loaded, reference = round_trip([one, weakref.ref(one)])
    assert reference() is loaded
    reference, loaded = round_trip([weakref.ref(one), one])
    assert reference() is loaded


def test_weak_reference_to_what_is_not_held_comes_back_dead():
    one = shop.Plain()
    assert round_trip(weakref.ref(one))() is None
    del one


def test_object_that_refers_to_itself_weakly():
    one = shop.Plain()
    one.me = weakref.ref(one)
    loaded = round_trip(one)
    assert loaded.me() is loaded
    loaded = round_trip([one.me, one])
    assert loaded[0]() is loaded[1] and loaded[1].me is loaded[0]


def test_weak_collections_keep_what_is_held():
    held, dropped = shop.Plain(), shop.Plain()
    graph = [
        weakref.WeakSet([held, dropped]),
        weakref.WeakValueDictionary(a=held, b=dropped),
        weakref.WeakKeyDictionary({held: 1, dropped: 2}),
        held,
    ]
    members, values, keys, held = round_trip(graph)
    assert set(members) == {held}
    assert dict(values) == {"a": held}
    assert dict(keys) == {held: 1}
