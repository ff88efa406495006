"""What generated code calls; ABI version 1.

Compiled modules import this module alone (as ``_kwf``) besides what their source imports. Names
here are never removed or changed in meaning while a compiled module of this ABI may exist.

Limits: no scheduling and no I/O; frames are in ``core``, names of code in ``serial.registry``.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import inspect
import sys
import types
from collections.abc import Callable, Sequence
from importlib.util import resolve_name
from typing import Any, Final, TypeVar, cast

from kwf_runtime.code import patch_module, patched
from kwf_runtime.core.asyncgen import AsyncGenerator
from kwf_runtime.core.coroutine import Coroutine
from kwf_runtime.core.frame import SWITCH, Yielded, is_caught
from kwf_runtime.core.generator import Generator, delegate
from kwf_runtime.core.groups import join_group, split_group
from kwf_runtime.core.unbound import UNBOUND
from kwf_runtime.serial.layout import Layout
from kwf_runtime.serial.registry import DEFAULT

F = TypeVar("F", bound=Callable[..., Any])

ABI: Final = 1
END: Final = object()
"""What ``next`` gives when a loop's iterator has ended."""

# The builtins, whatever the module calls by their names.
AssertionError = builtins.AssertionError  # noqa: A001
BaseException = builtins.BaseException  # noqa: A001
StopAsyncIteration = builtins.StopAsyncIteration  # noqa: A001
iter = builtins.iter  # noqa: A001
locals = builtins.locals  # noqa: A001
next = builtins.next  # noqa: A001
set = builtins.set  # noqa: A001
slice = builtins.slice  # noqa: A001
exc_info = sys.exc_info


_LIBRARY: Final = "kwf_runtime.lib"


class Cell:
    """The annotation of a variable that is captured: it only makes the name a local one."""


def coroutine(function: F) -> F:
    """Make the function of a machine look like the ``async def`` that it stands for."""
    return _marked(function, inspect.CO_COROUTINE)


def generator(function: F) -> F:
    """Make the function of a machine look like the generator function that it stands for."""
    return _marked(function, inspect.CO_GENERATOR)


def asyncgen(function: F) -> F:
    """Make the function of a machine look like the async generator function that it stands for."""
    return _marked(function, inspect.CO_ASYNC_GENERATOR)


def _marked(function: F, flag: int) -> F:
    made: Any = function
    if made.__code__.co_flags & flag:
        return function
    marked: Any = types.FunctionType(
        patched(made.__code__, DEFAULT),
        made.__globals__,
        made.__name__,
        made.__defaults__,
        made.__closure__,
    )
    for name in ("__kwdefaults__", "__qualname__", "__doc__", "__annotations__", "__module__"):
        setattr(marked, name, getattr(function, name))
    if hasattr(made, "__type_params__"):
        marked.__type_params__ = made.__type_params__
    return cast(F, marked)


def matches(kind: Any) -> bool:
    """Whether the exception being handled is one that ``except kind`` takes."""
    exc = sys.exc_info()[1]
    return exc is not None and is_caught(exc, kind)


def own(read: Callable[[], Any], name: str) -> Any:
    """A captured variable of the function itself, with the error that CPython has for it."""
    with contextlib.suppress(NameError):
        return read()
    text = f"cannot access local variable '{name}' where it is not associated with a value"
    raise UnboundLocalError(text, name=name)


def enter_with(manager: Any) -> tuple[Any, Any]:
    """Enter a context manager (BEFORE_WITH); return its bound ``__exit__`` and what it gave."""
    cls = type(manager)
    enter = _special(manager, cls, "__enter__", "the context manager protocol", "")
    leave = _special(
        manager, cls, "__exit__", "the context manager protocol", " (missed __exit__ method)"
    )
    return leave, enter()


def enter_async_with(manager: Any) -> tuple[Any, Any]:
    """Start to enter an async context manager; return its bound ``__aexit__`` and an awaitable."""
    cls = type(manager)
    protocol = "the asynchronous context manager protocol"
    enter = _special(manager, cls, "__aenter__", protocol, "")
    leave = _special(manager, cls, "__aexit__", protocol, " (missed __aexit__ method)")
    return leave, enter()


def _special(manager: Any, cls: type, name: str, protocol: str, hint: str) -> Any:
    """A special method, looked up on the type as the interpreter does, bound to ``manager``."""
    for base in cls.__mro__:
        if name in base.__dict__:
            method = base.__dict__[name]
            binder = getattr(type(method), "__get__", None)
            return method if binder is None else binder(method, manager, cls)
    raise TypeError(f"'{cls.__name__}' object does not support {protocol}{hint}")


def aiter(iterable: Any) -> Any:  # noqa: A001
    """The async iterator of ``async for`` (GET_AITER)."""
    cls = type(iterable)
    method = getattr(cls, "__aiter__", None)
    if method is None:
        raise TypeError(f"'async for' requires an object with __aiter__ method, got {cls.__name__}")
    iterator = method(iterable)
    if not hasattr(type(iterator), "__anext__"):
        raise TypeError(
            "'async for' received an object from __aiter__ that does not implement __anext__: "
            f"{type(iterator).__name__}"
        )
    return iterator


def anext(iterator: Any) -> Any:  # noqa: A001
    """The awaitable of the next item (GET_ANEXT)."""
    cls = type(iterator)
    method = getattr(cls, "__anext__", None)
    if method is None:
        raise TypeError(
            f"'async for' requires an iterator with __anext__ method, got {cls.__name__}"
        )
    return method(iterator)


def module(name: str, layouts: dict[str, tuple[Any, ...]], refs: Sequence[str]) -> None:
    """Register a compiled module; called by its last line.

    Args:
        name: its ``__name__``.
        layouts: kind, labels and first slots, by qualified name of the function.
        refs: names of what its text refers to in other modules.
    """
    if not name.startswith(_LIBRARY):
        importlib.import_module(_LIBRARY)  # a saved thread of this module may wait in there
    frame = sys._getframe(1)
    namespace = frame.f_globals
    package = namespace.get("__package__") or name.rpartition(".")[0]
    absolute = [resolve_name(ref, package) if ref.startswith(".") else ref for ref in refs]
    known = {path: Layout.of(path, *parts) for path, parts in layouts.items()}
    DEFAULT.add_module(name, frame.f_code, namespace, known, absolute)
    patch_module(frame.f_code, DEFAULT)


__all__ = [
    "ABI", "END", "SWITCH", "UNBOUND", "AssertionError", "AsyncGenerator", "BaseException", "Cell",
    "Coroutine", "Generator", "StopAsyncIteration", "Yielded", "aiter", "anext", "asyncgen",
    "coroutine", "delegate", "enter_async_with", "enter_with", "exc_info", "generator", "iter",
    "join_group", "locals", "matches", "module", "next", "own", "set", "slice", "split_group",
]  # fmt: skip
