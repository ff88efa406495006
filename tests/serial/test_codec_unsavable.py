"""What cannot be saved is an error that says where it hangs and what to do."""

import asyncio
import io
import socket
import threading
import weakref

import codec_native as native
import codec_shop as shop
import pytest
from codec_support import Asked

from kwf_runtime.errors import UnsavableError
from kwf_runtime.serial import dumps


def problem(value):
    with pytest.raises(UnsavableError) as caught:
        dumps(value)
    return caught.value


def test_path_from_a_frame():
    coroutine = shop.trip(threading.Lock(), Asked)
    coroutine.send(None)
    error = problem([{"a": coroutine}])
    assert error.path == "trip(codec_shop.py:10).total"
    coroutine.close()
    coroutine = shop.trip(1, Asked)
    asked = coroutine.send(None)
    asked.box = shop.Plain(items=[1, 2, {"k": (shop.Slotted(right=threading.Lock()),)}])
    error = problem(coroutine)
    assert error.path == "trip(codec_shop.py:10).delegate.box.items[2]['k'][0].right"
    assert error.type_name == "_thread.lock"
    assert str(error).startswith(error.path + ": ")
    coroutine.close()


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (lambda bad: bad, "lock"),
        (lambda bad: {("k", 1): bad}, "dict[('k', 1)]"),
        (lambda bad: {bad: 1}, None),
        (lambda bad: {bad}, "set{…}"),
        (lambda bad: shop.MyList([bad]), "MyList[0]"),
        (lambda bad: shop.helper.__get__(bad), "method.__self__"),
        (lambda bad: shop.counter(bad)[1], "function.count"),
        (lambda bad: ValueError(bad), "ValueError.args[0]"),
        (lambda bad: shop.Item("x", 1, [bad]), "Item.tags[0]"),
        (lambda bad: iter([bad]), None),
        (lambda bad: shop.Key(1, bad), "Key.right"),
    ],
)
def test_path_through_each_kind(value, path):
    error = problem(value(threading.Lock()))
    assert error.type_name == "_thread.lock"
    if path is not None:
        assert error.path == path


def test_advice(tmp_path):
    with open(tmp_path / "f", "w") as file, socket.socket() as sock:
        assert "close the file before the await" in str(problem(file))
        assert "activity" in str(problem(sock))
    assert "asyncio.Lock" in str(problem(threading.Lock()))
    assert "W.register" in str(problem(native.Unlisted()))
    assert "W.register" in str(problem(native.Unlisted))
    assert "move it to the module" in str(problem(native.local_class()))
    assert "compile its module" in str(problem(native.function()))
    assert "import the function" in str(problem(native.function))
    assert "make a list" in str(problem(native.generator()))
    coroutine = native.coroutine()
    assert "compile its module" in str(problem(coroutine))
    coroutine.close()
    assert "close the file" in str(problem(io.TextIOWrapper(io.BytesIO())))
    assert "bytes" in str(problem(memoryview(bytearray(b"x"))))
    assert "plain str" in str(problem(odd_attributes()))
    one = shop.Plain()
    assert "callback" in str(problem([one, weakref.ref(one, print)]))
    loop = asyncio.new_event_loop()
    assert "workflow thread" in str(problem(loop.create_future()))
    loop.close()


def odd_attributes():
    one = shop.Plain()
    vars(one)[5] = 1
    return one


def test_path_when_repr_fails():
    class Key:
        def __repr__(self):
            raise RuntimeError("no repr")

    error = problem({shop.Key(1, 2): 1, Key(): 2})
    assert "RuntimeError in __repr__" in error.path


def test_registry_knows_the_global_that_holds_it():
    assert dumps([shop.LOCK])
    problem([threading.Lock()])
