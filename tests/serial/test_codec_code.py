"""Functions, closures, methods, frames and generators: saved by code id, bound to the loaded code."""

import dataclasses
import functools
import sys
import types
from pathlib import Path

import codec_shop as shop
import pytest
from codec_support import Asked, round_trip

from kwf_runtime.core.unbound import UNBOUND
from kwf_runtime.errors import CodeMissingError, DecodeError
from kwf_runtime.serial import Registry, dumps, loads
from kwf_runtime.serial.layout import Label, Layout
from kwf_runtime.serial.registry import DEFAULT


def test_functions_of_the_module_are_the_same_objects():
    functions = [shop.helper, shop.trip, shop.Plain.method, shop.Plain.static, shop.numbers]
    assert all(one is loaded for one, loaded in zip(functions, round_trip(functions)))


def test_closures_share_their_variable():
    increase, read = round_trip(shop.counter(5))
    increase(2)
    assert read() == 7
    increase(1, scale=10)
    assert read() == 17


def test_a_closure_and_a_saved_cell_are_one():
    increase, read = shop.counter(5)
    cell, increase = round_trip((increase.__closure__[0], increase))
    increase()
    assert cell.cell_contents == 6
    increase, cell = round_trip((increase, cell))
    increase()
    assert cell.cell_contents == 7


def test_function_keeps_what_def_gave_it():
    increase, _ = shop.counter(1)
    loaded = round_trip(increase)
    assert loaded.__name__ == "increase"
    assert loaded.__qualname__ == "counter.<locals>.increase"
    assert loaded.__doc__ == "Count."
    assert loaded.__defaults__ == (1,)
    assert loaded.__kwdefaults__ == {"scale": 1}
    assert loaded.__module__ == "codec_shop"
    assert loaded.__annotations__ == {"by": int, "scale": "float", "return": None}
    assert loaded.__globals__ is vars(shop)


def test_function_keeps_what_was_changed():
    wrapped = shop.decorate(shop.counter(1)[1])
    wrapped.__qualname__, wrapped.__doc__, wrapped.__module__ = "elsewhere", "doc", "there"
    loaded = round_trip(wrapped)
    assert loaded() == (1, 7)
    assert loaded.__wrapped__() == 1
    assert (loaded.__name__, loaded.__qualname__) == ("<lambda>", "elsewhere")
    assert (loaded.__doc__, loaded.__module__) == ("doc", "there")


def test_recursive_closure():
    assert round_trip(shop.recursive())(5) == 120


def test_empty_cell_stays_empty():
    loaded = round_trip(shop.unset())
    with pytest.raises(NameError):
        loaded()
    assert round_trip([types.CellType(), types.CellType(1)])[1].cell_contents == 1


def test_bound_methods():
    one = shop.Plain()
    method, make, loaded, append, values = round_trip(
        [one.method, shop.Plain.make, one, (values := []).append, values]
    )
    assert method() is loaded
    assert type(make()) is shop.Plain
    append(1)
    assert values == [1]


def test_partials():
    one = functools.partial(shop.helper, 1, x=2)
    one.note = "n"
    loaded = round_trip(one)
    assert (loaded.func, loaded.args, loaded.keywords) == (shop.helper, (1,), {"x": 2})
    assert loaded.note == "n"
    loop = functools.partial(shop.helper)
    loop.__setstate__((shop.helper, (loop,), {}, None))
    loaded = round_trip(loop)
    assert loaded.args[0] is loaded


def test_static_and_class_methods_as_values():
    static, of_class = round_trip([staticmethod(shop.helper), classmethod(shop.helper)])
    assert static.__func__ is of_class.__func__ is shop.helper
    assert type(static) is staticmethod


def step(coroutine, asked, answer):
    """Answer, go on in a loaded copy, and return what is asked next."""
    if asked is not None:
        coroutine, asked = round_trip((coroutine, asked))
        asked.value = answer
    return coroutine, coroutine.send(None)


def test_frame_goes_on_at_every_suspension():
    fresh = shop.trip(10, Asked)
    coroutine, asked = step(round_trip(fresh), None, None)
    fresh.close()
    assert asked.question == "first"
    coroutine, asked = step(coroutine, asked, 5)
    coroutine, asked = round_trip((coroutine, asked))
    asked.value = 7
    with pytest.raises(StopIteration) as stop:
        coroutine.send(None)
    assert stop.value.value == (22, ["asked", 5], UNBOUND)
    with pytest.raises(RuntimeError, match="cannot reuse"):
        round_trip(coroutine).send(None)


def test_exception_into_a_loaded_frame():
    coroutine = shop.trip(10, Asked)
    coroutine.send(None)
    with pytest.raises(ValueError, match="thrown"):
        round_trip(coroutine).throw(ValueError("thrown"))
    coroutine.close()


def test_await_chain_shares_its_frames():
    coroutine = shop.outer(2, Asked)
    coroutine.send(None)
    loaded = round_trip(coroutine)
    assert loaded.leaf.caller.caller.caller is loaded
    loaded.close()
    coroutine.close()


def test_generator_in_the_middle():
    generator = shop.numbers(4)
    assert [next(generator), next(generator)] == [0, 1]
    first, second = round_trip([generator, generator])
    assert first is second
    assert list(first) == [2, 3]
    assert list(generator) == [2, 3]
    assert list(round_trip(generator)) == []
    assert list(round_trip(shop.numbers(2))) == [0, 1]


@pytest.fixture
def changed_registry():
    """A registry with another version of codec_shop, whose layouts a test changes."""

    def make(change):
        registry = Registry()
        known = DEFAULT._modules["codec_shop"]
        layouts = {
            entry.layout.name: change(entry.layout)
            for entry in known.entries
            if entry.layout is not None
        }
        code = compile(Path(shop.__file__).read_text(), shop.__file__, "exec")
        registry.add_module("codec_shop", code, vars(shop), layouts, ())
        registry.register(Asked, "test.Asked")
        return registry

    return make


def suspended_trip():
    coroutine = shop.trip(1, Asked)
    coroutine.send(None)
    data = dumps(coroutine)
    coroutine.close()
    return data


def test_unknown_code_is_named():
    registry = Registry()
    registry.register(Asked, "test.Asked")
    with pytest.raises(CodeMissingError) as caught:
        loads(suspended_trip(), registry=registry)
    assert caught.value.code_id == "codec_shop:trip"


def test_other_slots_at_a_label_are_missing_code(changed_registry):
    def drop_slot(layout):
        labels = [Label(label.name, label.line, label.slots[:-1]) for label in layout.labels]
        return dataclasses.replace(layout, labels=tuple(labels))

    with pytest.raises(
        CodeMissingError, match="keeps other variables at \"await ask\\('first'\\)#0\""
    ):
        loads(suspended_trip(), registry=changed_registry(drop_slot))


def test_renamed_label_is_missing_code(changed_registry):
    def rename(layout):
        labels = [Label(label.name + "x", label.line, label.slots) for label in layout.labels]
        return dataclasses.replace(layout, labels=tuple(labels))

    with pytest.raises(CodeMissingError, match="no await \"await ask\\('first'\\)#0\" any more"):
        loads(suspended_trip(), registry=changed_registry(rename))


def test_moved_label_is_found_by_its_name(changed_registry):
    def add_before(layout):
        return dataclasses.replace(layout, labels=(Label("new#0", 1, ()), *layout.labels))

    loaded = loads(suspended_trip(), registry=changed_registry(add_before))
    assert loaded.pc == 2
    loaded.pc = -1


def test_layout_refuses_two_labels_of_one_name():
    with pytest.raises(ValueError, match="not unique"):
        Layout.of("f", "coroutine", [("a#0", 1, ()), ("a#0", 2, ())])


def module_of(text, name="codec_temp"):
    namespace = {"__name__": name}
    code = compile(text, f"/nowhere/{name}.py", "exec")
    exec(code, namespace)
    return code, namespace


def test_equal_names_are_told_apart_by_their_order():
    code, namespace = module_of(
        "def make(n):\n"
        "    if n:\n"
        "        def inner(): return n, 'first'\n"
        "    else:\n"
        "        def inner(): return n, 'second'\n"
        "    return inner, lambda: n, lambda: -n\n"
    )
    registry = Registry()
    registry.add_module("codec_temp", code, namespace, {}, ())
    for n in (0, 1):
        made = namespace["make"](n)
        loaded = loads(dumps(made, registry=registry), registry=registry)
        assert [one() for one in loaded] == [one() for one in made]


def test_reloaded_module_replaces_the_old_one():
    registry = Registry()
    for answer in (1, 2):
        code, namespace = module_of(
            f"def make(x):\n    return lambda: (x, {answer})\nclass C: pass\n"
        )
        registry.add_module("codec_temp", code, namespace, {}, ())
        if answer == 1:
            data = dumps([namespace["make"](5), namespace["C"]()], registry=registry)
    function, one = loads(data, registry=registry)
    assert function() == (5, 2)
    assert type(one) is namespace["C"]


def test_registered_names_and_versions():
    class Local:
        pass

    registry = Registry()
    registry.register(Local, "local", 2)
    with pytest.raises(ValueError, match="registered already"):
        registry.register(shop.Plain, "local")
    data = dumps(Local(), registry=registry)
    assert b"local@2" in data
    assert type(loads(data, registry=registry)) is Local
    newer = Registry()
    newer.register(Local, "local", 3)
    with pytest.raises(CodeMissingError, match="local@2"):
        loads(data, registry=newer)
    with pytest.raises(TypeError, match="with a name"):
        registry.register(object())


def test_registered_object_is_a_reference():
    registry = Registry()
    one, other = types.SimpleNamespace(a=1), types.SimpleNamespace(a=1)
    registry.register(one, "config")
    loaded = loads(dumps([one, other], registry=registry), registry=registry)
    assert loaded[0] is one
    assert loaded[1] is not other and loaded[1] == other


def test_only_listed_names_resolve():
    for name in ("os:system", "builtins:eval", "builtins:open", "codec_native:Unlisted", "codec_native:",
                 "codec_shop:nothing", "codec_shop:Plain.nothing", "codec_shop:helper.__globals__",
                 "codec_shop:trip.__code__", "codec_shop:Plain.__class__", "nowhere:x", "", ":", "codec_shop:__name__"):  # fmt: skip
        with pytest.raises(CodeMissingError):
            DEFAULT.resolve(name)
    assert DEFAULT.resolve("math:sqrt") is sys.modules["math"].sqrt
    assert DEFAULT.resolve("codec_shop:") is shop


def test_wrong_kinds_of_names_are_refused():
    from kwf_runtime.serial import framing as f

    for stream in (
        [(f.INSTANCE, "codec_shop:helper"), f.SHAPE_0],
        [(f.INSTANCE, "builtins:int"), f.SHAPE_0],
        [(f.INSTANCE, "codec_shop:MyList"), f.SHAPE_0],
        [(f.DERIVED, "codec_shop:Plain", "list"), f.SHAPE_0, f.EMPTY_LIST],
        [(f.ERROR, "codec_shop:Plain"), f.SHAPE_0],
        [(f.MEMBER, "codec_shop:Plain", "x"), f.SHAPE_0],
        [(f.HOOKED, "codec_shop:Plain"), f.SHAPE_0, None],
        [(f.FUNCTION, "codec_shop:helper", (), ("code",)), f.SHAPE_0, None],
        [(f.FRAME, "Plain", "codec_shop:trip", "", ("ask",), (), ()), f.SHAPE_0, None],
        [(f.NODE, "os.system", 0), f.SHAPE_0],
        [(f.VALUE, "os.system", 0), f.SHAPE_0],
        [(99, "x"), f.SHAPE_0],
    ):
        with pytest.raises(DecodeError):
            loads(f.pack(stream))
