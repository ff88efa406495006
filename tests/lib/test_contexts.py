"""contextlib in workflows: the same as CPython's, and saved while something inside waits.

The uncompiled module of each test uses CPython's own contextlib: that is the oracle.
"""

from __future__ import annotations

import contextlib
import inspect

import pytest

import kwf_runtime.ctx as ctx
from tests.lib.kit import run_everywhere

HEAD = """
import asyncio
import contextlib
from contextlib import asynccontextmanager, contextmanager
import kwf_runtime as W

W.config.output_topics.add("log")

def log(*words):
    W.output(" ".join(map(str, words)), "log")

class Resource:
    def __init__(self, name, swallow=False):
        self.name, self.swallow = name, swallow

    def __enter__(self):
        log("enter", self.name)
        return self

    def __exit__(self, kind, exc, traceback):
        log("exit", self.name, kind and kind.__name__, repr(exc))
        return self.swallow

    def close(self):
        log("close", self.name)

class AsyncResource(Resource):
    async def __aenter__(self):
        log("aenter", self.name, await W.suspend("enter " + self.name))
        return self

    async def __aexit__(self, kind, exc, traceback):
        log("aexit", self.name, await W.suspend("exit " + self.name), repr(exc))
        return self.swallow

    async def aclose(self):
        log("aclose", self.name, await W.suspend("close " + self.name))

@contextmanager
def sync_cm(name, mode=""):
    log(name, "begins")
    if mode == "no yield":
        return
    try:
        yield name.upper()
        if mode == "twice":
            yield "again"
    except ValueError as exc:
        log(name, "caught", exc)
        if mode == "other":
            raise KeyError("other") from exc
        if mode != "swallow":
            raise
    finally:
        log(name, "ends")

@asynccontextmanager
async def async_cm(name, mode=""):
    log(name, "begins", await W.suspend("begin " + name))
    if mode == "no yield":
        return
    try:
        yield name.upper()
        if mode == "twice":
            yield "again"
    except ValueError as exc:
        log(name, "caught", exc, await W.suspend("catch " + name))
        if mode == "other":
            raise KeyError("other") from exc
        if mode != "swallow":
            raise
    finally:
        log(name, "ends", await W.suspend("end " + name))
"""


def play(body, *refs):
    script = [("resume", ref, f"r{n}") for n, ref in enumerate(refs)]
    source = HEAD + "async def main():\n" + "".join(f"    {line}\n" for line in body.split("\n"))
    return run_everywhere("main", source, script)


@pytest.mark.parametrize("mode", ["", "swallow", "other", "twice", "no yield"])
@pytest.mark.parametrize("fails", [True, False])
def test_contextmanager(mode, fails):
    body = f"""
with sync_cm("a", "{mode}") as value:
    log(value, await W.suspend("inside"))
    if {fails}:
        raise ValueError("x")
log("after")""".strip()
    refs = [] if mode == "no yield" else ["inside"]
    log, ended = play(body, *refs)
    if mode == "no yield":
        assert ended == "RuntimeError: generator didn't yield"
    elif fails:
        assert ended == {"swallow": "null", "other": "KeyError: 'other'"}.get(mode, "ValueError: x")
    else:
        assert ended == ("RuntimeError: generator didn't stop" if mode == "twice" else "null")
    assert log[-1] in ("after", "a ends", "a begins")


@pytest.mark.parametrize("mode", ["", "swallow", "other", "twice", "no yield"])
@pytest.mark.parametrize("fails", [True, False])
def test_asynccontextmanager(mode, fails):
    body = f"""
async with async_cm("a", "{mode}") as value:
    log(value, await W.suspend("inside"))
    if {fails}:
        raise ValueError("x")
log("after")""".strip()
    refs = ["begin a"]
    if mode != "no yield":
        refs += ["inside"] + (["catch a"] if fails else []) + ["end a"]
    log, ended = play(body, *refs)
    if mode == "no yield":
        assert ended == "RuntimeError: generator didn't yield"
    elif fails:
        assert ended == {"swallow": "null", "other": "KeyError: 'other'"}.get(mode, "ValueError: x")
    else:
        assert ended == ("RuntimeError: generator didn't stop" if mode == "twice" else "null")
    assert log[-1].startswith(("after", "a ends", "a begins"))


def test_managers_as_decorators():
    body = """
@sync_cm("s")
def plain(x):
    log("plain", x)
    return x
@async_cm("a")
async def decorated(x):
    log("decorated", x, await W.suspend("inside"))
    return x
return [plain(1), plain(2), await decorated(3), await decorated(4)]""".strip()
    refs = ["begin a", "inside", "end a"] * 2
    log, ended = play(body, *refs)
    assert ended == "[1, 2, 3, 4]"
    assert log.count("s ends") == 2


def test_cancelled_inside():
    body = """
async def work():
    async with async_cm("a"):
        await W.suspend("never")
task = asyncio.create_task(work())
await W.suspend("go")
task.cancel()
try:
    await task
except asyncio.CancelledError:
    log("cancelled")""".strip()
    log, ended = play(body, "begin a", "go", "end a")
    assert log == ["a begins r0", "a ends r2", "cancelled"]


STACK = """
try:
    async with contextlib.AsyncExitStack() as stack:
        log(stack.enter_context(Resource("one")).name)
        log((await stack.enter_async_context(AsyncResource("two", {swallow}))).name)
        stack.callback(log, "callback", "called")
        async def later(*words):
            log("later", *words, await W.suspend("later"))
        stack.push_async_callback(later, "word")
        @stack.push
        def function(kind, exc, traceback):
            log("pushed", repr(exc))
        @stack.push_async_exit
        async def function(kind, exc, traceback):
            log("pushed async", repr(exc))
            if {other}:
                raise KeyError("other")
        stack.push(Resource("three"))
        stack.push_async_exit(AsyncResource("four"))
        await W.suspend("inside")
        if {fails}:
            raise ValueError("x")
    log("after")
except Exception as exc:
    log("raised", repr(exc), repr(exc.__context__))
    raise
""".strip()


@pytest.mark.parametrize("swallow", [True, False])
@pytest.mark.parametrize("fails", [True, False])
@pytest.mark.parametrize("other", [True, False])
def test_async_exit_stack(swallow, fails, other):
    body = STACK.format(swallow=swallow, fails=fails, other=other)
    log, ended = play(body, "enter two", "inside", "exit four", "later", "exit two")
    if swallow or not (fails or other):
        assert ended == "null"
    else:
        assert ended == ("KeyError: 'other'" if other else "ValueError: x")
    assert "later word r3" in log


def test_exit_stack():
    body = """
with contextlib.ExitStack() as stack:
    stack.enter_context(sync_cm("a", "swallow"))
    stack.enter_context(contextlib.closing(Resource("b")))
    stack.callback(log, "callback", key="x") if False else stack.callback(log, "callback")
    moved = contextlib.ExitStack()
    moved.push(Resource("c"))
    stack.push(moved.pop_all())
    await W.suspend("inside")
    raise ValueError("x")
log("after")
with contextlib.ExitStack() as stack:
    stack.callback(log, "closed")
    stack.close()
    await W.suspend("inside")
try:
    stack.enter_context(3)
except TypeError as exc:
    log(exc)
try:
    async with contextlib.AsyncExitStack() as both:
        await both.enter_async_context(3)
except TypeError as exc:
    log(exc)""".strip()
    log, ended = play(body, "inside", "inside")
    assert ended == "null"
    assert log[-1].startswith("'builtins.int' object does not support the asynchronous")


def test_small_managers():
    body = """
async with contextlib.aclosing(AsyncResource("a")) as a:
    log(a.name, await W.suspend("inside"))
with contextlib.closing(Resource("b")) as b:
    log(b.name, await W.suspend("inside"))
with contextlib.suppress(KeyError, ValueError):
    await W.suspend("inside")
    raise ValueError
async with contextlib.nullcontext(3) as three:
    log(three, await W.suspend("inside"))
with contextlib.nullcontext() as nothing:
    log(nothing, await W.suspend("inside"))
async with contextlib.AsyncExitStack() as stack:
    stack.push_async_callback(W.suspend, "end")
    await stack.aclose()
    log("closed")""".strip()
    log, ended = play(body, "inside", "close a", *["inside"] * 4, "end")
    assert ended == "null"
    assert log[-1] == "closed"


def test_every_public_name_is_there():
    assert set(contextlib.__all__) <= set(dir(ctx))
    for name in contextlib.__all__:
        assert getattr(ctx, name) is not None
    with pytest.raises(AttributeError, match="module 'contextlib' has no attribute 'nothing'"):
        _ = ctx.nothing


def test_managers_are_what_the_abstract_classes_say():
    manager = ctx.asynccontextmanager(_generator)(1)
    assert isinstance(manager, contextlib.AbstractAsyncContextManager)
    assert isinstance(ctx.ExitStack(), contextlib.AbstractContextManager)
    assert inspect.signature(ctx.asynccontextmanager(_generator)) == inspect.signature(_generator)
    assert ctx.asynccontextmanager(_generator).__name__ == "_generator"


async def _generator(x):
    yield x
