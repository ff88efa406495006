"""Classes that functions make: saved by value, made again without a call of the workflow's code."""

import copy
import dataclasses
import gc
import inspect
import sys
import weakref

import codec_local as local
import pytest
from codec_support import round_trip

from kwf_runtime.errors import CodeMissingError, DecodeError, UnsavableError
from kwf_runtime.serial import dumps, inspect_bytes, loads, render, to_json
from kwf_runtime.serial import framing as f
from kwf_runtime.serial.framing import pack, unpack


def test_class_with_all_kinds_of_methods():
    kind = local.plain(3)
    one = kind(5)
    kind.others.append(one)
    loaded_kind, loaded = round_trip((kind, one))
    assert loaded_kind is not kind
    assert type(loaded) is loaded_kind is loaded.me()
    assert loaded_kind.others[0] is loaded
    assert (loaded.scaled(), loaded.double, loaded.static(1), loaded.slow) == (15, 10, 2, 105)
    loaded.double = 8
    assert loaded == loaded_kind.make(4) != kind(4)
    assert (str(loaded), repr(loaded), hash(loaded)) == ("Local(4)", "Local(4)", hash(4))
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        assert getattr(loaded_kind, name) == getattr(kind, name)
    special = ("__module__", "__doc__", "__dict__", "__weakref__")
    assert [name for name in vars(loaded_kind) if name not in special] == [
        name for name in vars(kind) if name not in special
    ]
    loaded.change(1)
    assert (loaded_kind(1).scaled(), kind(1).scaled()) == (4, 3)


def test_class_is_met_first_through_an_instance_or_a_method():
    one = local.plain(2)(1)
    twin, other = round_trip([one, type(one)])
    assert type(twin) is other
    method, again = round_trip([one.scaled, one])
    assert method.__self__ is again
    assert method() == 2
    assert round_trip(type(one).make)(3).value == 3


def test_instances_are_keys_by_their_own_hash():
    kind = local.plain(1)
    loaded = round_trip(
        {"set": {kind(1), kind(2)}, "dict": {kind(3): "three"}, "frozen": frozenset((kind(4),))}
    )
    (key,) = loaded["dict"]
    made = type(key)
    assert made(1) in loaded["set"]
    assert loaded["dict"][made(3)] == "three"
    assert made(4) in loaded["frozen"]


def test_classes_that_know_each_other():
    parent, child = round_trip(list(local.family()))
    assert child.__mro__ == (child, parent, local.Base, object)
    assert parent.children == [child]
    assert type(parent.favourite) is child
    assert child().greet() == "child, parent, hello from base"
    assert child.Inner.__qualname__ == "family.<locals>.Child.Inner"
    assert round_trip(parent.favourite).greet() == child().greet()


def test_base_does_not_notice_a_load():
    kinds = local.noticing()
    local.CALLS.clear()
    kind, thin = round_trip(list(kinds))
    assert local.CALLS == []
    assert (kind.tag, kind.__bases__, kind.field.name) == ("t", (local.Noticing,), "field")
    assert kind().field[0] == "field"
    made = thin()
    assert (made.one, made.two, made.private(), hasattr(made, "__dict__")) == (1, 2, 3, False)
    again = round_trip(made)
    assert (again.one, again.two, again.private()) == (1, 2, 3)
    assert thin.__bases__ == (local.Slim,)
    assert local.CALLS == []

    class More(kind, tag="more"):
        pass

    assert local.CALLS == [("subclass", "More")]


def test_exceptions():
    first, second = local.error()
    error = second(7)
    error.__cause__ = first(8)
    loaded = round_trip(error)
    assert (loaded.code, loaded.args, type(loaded).__name__) == (7, ("code 7",), "MoreError")
    assert isinstance(loaded, type(loaded.__cause__))
    assert isinstance(loaded, KeyError)
    with pytest.raises(type(loaded.__cause__), match="code 9"):
        raise type(loaded)(9)


def test_subclasses_of_builtins():
    stack, pair, names, kept = local.builtins()
    values = [stack([1]), pair((1, 2)), names(a=1), kept(5)]
    values[0].push(values)
    loaded = round_trip(values)
    assert loaded[0][1] is loaded
    loaded[0].push(2)
    assert (loaded[1].left, loaded[2]["b"], loaded[3] + 1) == (1, "b", 6)


def test_abstract_classes():
    square, part = round_trip(list(local.abstract()))
    assert square(3).area() == 9
    assert isinstance(square(3), local.Shape)
    with pytest.raises(TypeError, match="abstract"):
        part()
    assert part.__abstractmethods__ == {"area", "edge"}


def test_generic_class():
    box = local.generic()
    loaded = round_trip(box(5))
    assert loaded.item == 5
    assert type(loaded).__mro__[1:] == box.__mro__[1:]


def test_dataclasses():
    kinds = local.data()
    values = [kinds[0]("n", start=4), kinds[1](1, right="x"), kinds[2]("s"), kinds[3](1)]
    loaded = round_trip(values)
    assert [repr(one) for one in loaded[:3]] == [repr(one) for one in values[:3]]
    item, key, special, bare = made = [type(one) for one in loaded]
    for old, new in zip(kinds, made, strict=True):
        assert [one.name for one in dataclasses.fields(old)] == [
            one.name for one in dataclasses.fields(new)
        ]
        assert str(inspect.signature(old)) == str(inspect.signature(new))
        assert repr(old.__dataclass_params__) == repr(new.__dataclass_params__)
        assert set(vars(old)) == set(vars(new))
        assert {
            name: vars(old)[name] for name in ("__doc__", "__slots__") if name in vars(old)
        } == {name: vars(new)[name] for name in ("__doc__", "__slots__") if name in vars(new)}
    assert item("n", start=4) == loaded[0]
    assert (item.price, item.kind, item("a").cost(), loaded[0].late) == (3, "item", 6, 4)
    assert item("a").tags is not item("a").tags
    assert not hasattr(item, "tags")
    assert item.__dataclass_fields__["late"].metadata["unit"] == "s"
    assert key(1, right="x") == loaded[1] < key(2)
    assert len({key(1), key(1), loaded[1]}) == 2
    assert copy.deepcopy(loaded[1]) == loaded[1]
    with pytest.raises(dataclasses.FrozenInstanceError):
        loaded[1].left = 2
    assert special("s") == loaded[2]
    assert dataclasses.replace(loaded[2], extra=2).extra == 2
    assert bare(1) != bare(1)
    match loaded[2]:
        case special(name=name, extra=extra):
            assert (name, extra) == ("s", 1)


def test_frozen_keys_in_sets():
    key = local.data()[1]
    loaded = round_trip({key(1), key(2)})
    made = type(next(iter(loaded)))
    assert loaded == {made(1), made(2)}


def test_each_state_has_its_own_and_none_is_kept():
    kinds = local.many(5)
    loaded = round_trip(kinds)
    assert [one.number for one in loaded] == [0, 1, 2, 3, 4]
    assert len(set(loaded)) == 5
    gone = weakref.ref(loaded[0])
    instance = weakref.ref(round_trip([loaded[0](), loaded[0]])[1])
    del loaded
    gc.collect()
    assert gone() is None
    assert instance() is None


@pytest.mark.parametrize(
    ("how", "advice"),
    [
        ("metaclass", "metaclass Meta"),
        ("enum", "metaclass Enum"),
        ("decorated", "__hash__ that is no method of it"),
        ("foreign", "__hash__ that is no method of it"),
        ("virtual", "virtual subclasses"),
        ("made", "W.register"),
        ("lock", "asyncio.Lock"),
    ],
)
def test_refused(how, advice):
    kind = local.refused(how)
    with pytest.raises(UnsavableError, match=advice):
        dumps([kind])
    if how == "lock":
        with pytest.raises(UnsavableError, match=r"list\[0\].__class__.lock"):
            dumps([kind()])


def stream_of(value):
    return list(unpack(dumps(value)))


def with_header(**changes):
    stream = stream_of(local.plain(1))
    fields = dict(zip(("code_id", "name", "metaclass", "slots", "bases"), stream[2], strict=True))
    stream[2] = tuple({**fields, **changes}.values())
    return pack(stream)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_id": "codec_local:plain"}, CodeMissingError),
        ({"code_id": "codec_local:Base"}, CodeMissingError),
        ({"code_id": "codec_local:gone.<locals>.Local"}, CodeMissingError),
        ({"metaclass": "codec_local:Meta"}, DecodeError),
        ({"bases": ("codec_local:Special",)}, DecodeError),
        ({"bases": ("os:system",)}, CodeMissingError),
        ({"bases": ("^0",)}, DecodeError),
        ({"bases": ("^1",)}, DecodeError),
        ({"bases": ()}, None),
        ({"bases": ("builtins:bool",)}, DecodeError),
        ({"bases": "x"}, CodeMissingError),
        ({"bases": 5}, DecodeError),
        ({"slots": ("a b",)}, DecodeError),
        ({"slots": (1,)}, DecodeError),
        ({"name": 5}, DecodeError),
    ],
)
def test_wrong_header(changes, error):
    data = with_header(**changes)
    if error is None:
        loads(data)
        return
    with pytest.raises(error):
        loads(data)


@pytest.mark.parametrize(
    "name",
    [
        "__class__",
        "__bases__",
        "__dict__",
        "__del__",
        "__kwf_load__",
        "__init__",
        "__getattribute__",
        "__mro__",
    ],
)
def test_bytes_cannot_give_a_class_what_its_source_does_not(name):
    kind = local.plain(1)
    stream = stream_of(kind)
    place, body = next(
        (n, e) for n, e in enumerate(stream) if type(e) is tuple and e[:2] == (f.CLASS_BODY, "^0")
    )
    assert "scaled" in body
    stream[place] = tuple(name if one == "scaled" else one for one in body)
    with pytest.raises(DecodeError, match="wrong '__"):
        loads(pack(stream))


def test_fields_of_a_dataclass_are_names():
    kind = local.data()[3]
    stream = ["x=0):\n import os\n def f(y" if one == "x" else one for one in stream_of(kind)]
    shapes = [
        tuple("x=0):\n import os\n def f(y" if part == "x" else part for part in one)
        if type(one) is tuple
        else one
        for one in stream
    ]
    with pytest.raises(DecodeError, match="field"):
        loads(pack(shapes))


def test_shown_without_the_classes():
    node = inspect_bytes(dumps([local.plain(1)(5), local.plain(2)]))
    text = render(node, 1000)
    assert text == "[plain.<locals>.Local(value=5), plain.<locals>.Local]"
    to_json(node)


def test_nothing_is_imported_or_executed():
    events = []
    kinds = [*local.family(), *local.noticing(), *local.error(), local.plain(1)]
    data = dumps(kinds)
    loads(data)
    sys.addaudithook(lambda event, args: events.append(event) if watching else None)
    watching = True
    loads(data)
    watching = False
    assert not {"exec", "compile", "import", "open"} & set(events)
