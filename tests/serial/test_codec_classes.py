"""Instances and exceptions: attributes set directly, nothing of the class is called."""

import operator
import traceback

import codec_shop as shop
import pytest
from codec_support import isomorphic, round_trip

from kwf_runtime.core.savable import CLASSES, SINGLETON_NAMES, SINGLETONS, savable, singleton
from kwf_runtime.errors import CodeMissingError, DecodeError, UnsavableError, WorkflowError
from kwf_runtime.serial import DEFAULT, dumps, loads
from kwf_runtime.serial.framing import pack, unpack


def test_no_method_of_a_class_is_called():
    one = object.__new__(shop.Guarded)
    vars(one).update(a=1, b=[one])
    loaded = round_trip([one, {"k": one}])[0]
    assert vars(loaded)["a"] == 1
    assert vars(loaded)["b"][0] is loaded


def test_slots_of_all_classes_and_private_ones():
    one = shop.SlottedChild("l", "r")
    loaded = round_trip(one)
    assert (loaded.left, loaded.right, loaded.private()) == ("l", "r", 1)
    assert not hasattr(loaded, "extra")
    one.extra = one
    loaded = round_trip(one)
    assert loaded.extra is loaded


def test_slots_and_dict_together():
    one = shop.Mixed(1, 2)
    one.more = [one]
    loaded = round_trip(one)
    assert (loaded.left, loaded.right, loaded.private()) == (1, 2, 1)
    assert loaded.more[0] is loaded


def test_frozen_classes():
    assert round_trip(shop.Frozen([1])).value == [1]
    assert round_trip(shop.Key([1], 2)) == shop.Key([1], 2)


def test_instance_with_very_many_attributes():
    one = shop.Plain(**{f"a{i}": i for i in range(5000)})
    assert vars(round_trip(one)) == vars(one)


def test_removed_slot_is_missing_code(monkeypatch):
    class Before:
        __slots__ = ("x", "y")

    class After:
        __slots__ = ("x",)

    for kind in (Before, After):
        kind.__module__, kind.__qualname__ = "codec_shop", "Changing"
    monkeypatch.setattr(shop, "Changing", Before, raising=False)
    one = Before()
    one.x = one.y = 1
    from kwf_runtime.serial.registry import Registry

    old, new = Registry(), Registry()
    old.register(Before, "c")
    new.register(After, "c")
    with pytest.raises(CodeMissingError, match="no attribute 'y' any more"):
        loads(dumps(one, registry=old), registry=new)


def test_savable_classes_of_the_runtime():
    DEFAULT.plans.clear()

    @savable("test.Hooked")
    class Hooked:
        def __kwf_save__(self):
            return self.value, self

        def __kwf_load__(self, state):
            self.value, self.me = state

    @savable("test.Skipping", skip=("cache",))
    class Skipping:
        __slots__ = ("cache", "value")

    token = singleton("test.token", object())
    typed = singleton("test.typed", shop.Plain(a=1))
    try:
        one, other = Hooked(), Skipping()
        one.value, other.value, other.cache = [other], one, "big"
        one, other, loaded, loaded_typed = round_trip([one, other, token, typed])
        assert loaded_typed is typed
        assert one.me is one and one.value[0] is other and other.value is one
        assert not hasattr(other, "cache")
        assert loaded is token
        with pytest.raises(ValueError, match="two savable classes"):
            savable("test.Hooked")(Skipping)
        with pytest.raises(ValueError, match="two singletons"):
            singleton("test.token", object())
    finally:
        del CLASSES["test.Hooked"], CLASSES["test.Skipping"]
        del SINGLETON_NAMES[id(token)], SINGLETON_NAMES[id(typed)]
        del SINGLETONS["test.token"], SINGLETONS["test.typed"]
        DEFAULT.plans.clear()


# Exceptions


def raised(error):
    def inner():
        raise error

    try:
        inner()
    except BaseException as caught:
        return caught


ERRORS = [
    ValueError("x", [1]), KeyError("k"), Exception(), KeyboardInterrupt(), SystemExit(3), StopIteration([1]),
    FileNotFoundError(2, "no", "a.txt"), OSError("only text"), PermissionError(13, "no", "a", None, "b"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), UnicodeEncodeError("ascii", "\xff", 0, 1, "bad"),
    ImportError("m", name="n", path="p"), NameError("m", name="n"), AttributeError("m", name="n", obj=[1]),
    SyntaxError("bad", ("f.py", 1, 2, "text", 1, 3)), shop.ShopError(5, detail=[1]), WorkflowError({"e": 1}),
    ExceptionGroup("g", [ValueError(1), ExceptionGroup("h", [KeyError(2)])]), shop.GroupError("g", [OSError(1, "x")]),
    BaseExceptionGroup("b", [KeyboardInterrupt()]),
]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_exception_survives(error):
    loaded = round_trip(error)
    assert type(loaded) is type(error)
    assert repr(loaded) == repr(error)
    assert str(loaded) == str(error)
    for name in ("value", "code", "errno", "strerror", "filename", "filename2", "name", "path", "obj", "reason",
                 "lineno", "object", "detail", "exceptions"):  # fmt: skip
        assert repr(getattr(loaded, name, None)) == repr(getattr(error, name, None))


def test_chain_notes_and_identity():
    cause, context = KeyError("cause"), raised(OSError("context"))
    one = ValueError("one")
    one.__cause__, one.__context__ = cause, context
    one.add_note("a note")
    one.details = [one, cause]
    loaded = round_trip(one)
    assert loaded.__cause__ is loaded.details[1]
    assert loaded.details[0] is loaded
    assert str(loaded.__context__) == "context"
    assert loaded.__notes__ == ["a note"]
    assert loaded.__suppress_context__ is True
    one.__suppress_context__ = False
    assert round_trip(one).__suppress_context__ is False


def test_traceback_can_be_printed_and_raised_again():
    error = raised(ValueError("deep"))
    expected = traceback.format_exception(error)
    loaded = round_trip(error)
    strip = [line for line in "".join(expected).splitlines() if "^" not in line]
    assert "".join(traceback.format_exception(loaded)).splitlines() == strip
    try:
        raise loaded
    except ValueError as caught:
        names = [entry.name for entry in traceback.extract_tb(caught.__traceback__)]
        assert names == ["test_traceback_can_be_printed_and_raised_again", "raised", "inner"]
    assert isomorphic(loaded.args, error.args)


def test_long_traceback_keeps_both_ends():
    def deep(n):
        if n == 0:
            raise ValueError("bottom")
        deep(n - 1)

    try:
        deep(500)
    except ValueError as caught:
        loaded = round_trip(caught)
    entries = traceback.extract_tb(loaded.__traceback__)
    assert len(entries) == 200
    assert entries[0].name == "test_long_traceback_keeps_both_ends"


def test_classes_as_libraries_make_them():
    strict = round_trip(shop.Strict(name="a", next=shop.Strict(name="b")))
    assert strict == shop.Strict(name="a", next=shop.Strict(name="b"))
    pair = round_trip([shop.Pair([1])])[0]
    assert (type(pair), pair) == (shop.Pair, ([1], "y"))
    model = round_trip(shop.Model(a=1, b=[2]))
    assert (vars(model), model.__fields_set__) == ({"a": 1, "b": [2]}, {"a", "b"})
    assert vars(round_trip(shop.Stateful())) == {"value": 1, "cache": {}}


def test_remembering_functions_are_references():
    assert round_trip(shop.remembered) is shop.remembered
    method = round_trip(shop.Model(a=1).slow)
    assert method.__func__ is shop.Model.slow
    assert method() == 1


GETTERS = [
    (operator.itemgetter(1), "ab", "b"),
    (operator.itemgetter(0, 1), "ab", ("a", "b")),
    (operator.attrgetter("real", "imag"), 5, (5, 0)),
]


@pytest.mark.parametrize(
    ("getter", "value", "result"), GETTERS, ids=[repr(one[0]) for one in GETTERS]
)
def test_getters(getter, value, result):
    loaded = round_trip(getter)
    assert type(loaded) is type(getter)
    assert loaded(value) == result


def test_getters_stay_out_of_functions_and_classes():
    for names in (["a.__globals__"], ["a", "gi_frame.f_builtins"]):
        with pytest.raises(UnsavableError, match="own objects"):
            dumps(operator.attrgetter(*names))
    with pytest.raises(UnsavableError, match="write a function"):
        dumps(operator.methodcaller("system"))
    stream = [
        "__class__" if one == "real" else one for one in unpack(dumps(operator.attrgetter("real")))
    ]
    with pytest.raises(DecodeError, match="wrong attrgetter"):
        loads(pack(stream))
