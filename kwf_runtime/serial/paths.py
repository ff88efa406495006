"""Where in a graph an object hangs, in the words of the workflow's author.

Only run when saving has failed: a second walk, breadth first, that remembers parents. The path
begins at the innermost frame that leads to the object: ``main(workflow.py:31).cart.items[3].lock``.

Limits: what a saver makes up while saving has no place in the graph; its path ends at its maker.
"""

from __future__ import annotations

import collections
import os
import types
from collections.abc import Iterator
from functools import partial
from typing import Any

from kwf_runtime.core.frame import Frame
from kwf_runtime.serial.classes import is_local, slot_descriptors
from kwf_runtime.serial.registry import Registry
from kwf_runtime.serial.writer import BUILTIN_SAVERS, Unsavable, Writer

Edge = tuple[str, object]
_LEAVES = (type(None), bool, int, float, complex, str, bytes, type, types.ModuleType)


def describe(root: object, target: object, registry: Registry) -> tuple[str, str]:
    """Return the path to ``target``, and the name of its type."""
    kind = type(target)
    if isinstance(target, type):
        name = f"class {target.__module__}.{target.__qualname__}"
    elif kind.__module__ == "builtins":
        name = kind.__qualname__
    else:
        name = f"{kind.__module__}.{kind.__qualname__}"
    return find_path(root, target, registry), name


def find_path(root: object, target: object, registry: Registry) -> str:
    """Return how ``target`` is reached from ``root``."""
    parents: dict[int, tuple[str, object | None]] = {id(root): (_start(root, registry), None)}
    kept = [root]  # children made on the way: an id is only unique while its object lives
    queue = collections.deque(kept)
    while queue and id(target) not in parents:
        value = queue.popleft()
        for label, child in _edges(value, registry):
            if id(child) in parents or (_is_leaf(child, registry) and child is not target):
                continue
            parents[id(child)] = (label, value)
            kept.append(child)
            queue.append(child)
    return _join(target, parents, registry)


def _is_leaf(value: object, registry: Registry) -> bool:
    if isinstance(value, type) and is_local(value):
        return registry.name_of(value) is not None
    return isinstance(value, _LEAVES)


def _join(target: object, parents: dict[int, tuple[str, object | None]], registry: Registry) -> str:
    labels: list[str] = []
    value: object | None = target
    while value is not None and id(value) in parents:
        label, parent = parents[id(value)]
        if isinstance(value, Frame):
            labels.append(_start(value, registry))
            break
        labels.append(label)
        value = parent
    if not labels:
        return "a value made while saving"
    return "".join(reversed(labels))


def _start(root: object, registry: Registry) -> str:
    if isinstance(root, Frame):
        code = root.step.__code__
        entry = registry.code_entry(code)
        line = entry.layout.line(root.pc) if entry is not None and entry.layout else None
        name = root.__qualname__.rpartition("<locals>.")[2]
        return f"{name}({os.path.basename(code.co_filename)}:{line or code.co_firstlineno})"
    return type(root).__name__


def _edges(value: Any, registry: Registry) -> Iterator[Edge]:
    """Yield what an object refers to, each with the text that leads there."""
    if isinstance(value, Frame):
        yield from _frame_edges(value, registry)
        return
    if isinstance(value, dict):
        for key, item in dict.items(value):
            yield f"[{_short(key)}]", item
            yield f" key {_short(key)}", key
    elif isinstance(value, (list, tuple, collections.deque)):
        for index, item in enumerate(value):
            yield f"[{index}]", item
    elif isinstance(value, (set, frozenset)):
        for item in value:
            yield "{…}", item
    elif isinstance(value, types.FunctionType):
        if registry.name_of(value) is None:
            yield from _function_edges(value)
        return
    elif isinstance(value, types.MethodType):
        yield ".__self__", value.__self__
        yield ".__func__", value.__func__
    elif isinstance(value, type):
        for name, item in vars(value).items():
            yield f".{name}", item
        return
    elif isinstance(value, partial):
        yield ".func", value.func
        yield ".args", value.args
        yield ".keywords", value.keywords
    elif isinstance(value, BaseException):
        yield ".args", value.args
        yield ".__cause__", value.__cause__
        yield ".__context__", value.__context__
    else:
        yield from _attribute_edges(value, registry)
        return
    if type(value) not in BUILTIN_SAVERS:
        yield from _attributes(value)


def _short(key: object) -> str:
    try:
        text = repr(key)
    except Exception as error:  # the user's __repr__ may fail; the path is still worth having
        return f"<{type(key).__name__}: {type(error).__name__} in __repr__>"
    return text if len(text) <= 40 else f"{text[:37]}..."


def _attributes(value: Any) -> Iterator[Edge]:
    for name, item in tuple(getattr(value, "__dict__", {}).items()):
        yield f".{name}", item
    if is_local(type(value)):
        yield ".__class__", type(value)
    for name, descriptor in slot_descriptors(type(value)).items():
        try:
            item = descriptor.__get__(value)
        except AttributeError:
            continue
        yield f".{name}", item


def _attribute_edges(value: Any, registry: Registry) -> Iterator[Edge]:
    found = list(_attributes(value))
    yield from found
    if found:
        return
    writer = Writer(registry)
    try:
        saver = registry.plans.get(type(value))
        children = saver(writer, value) if saver is not None else None
    except Unsavable:
        return
    for item in children or ():
        yield "…", item


def _frame_edges(value: Frame, registry: Registry) -> Iterator[Edge]:
    step: Any = value.step
    entry = registry.code_entry(step.__code__)
    if value.pc >= 0 and entry is not None and entry.layout is not None:
        for name, item in zip(entry.layout.slots(value.pc), value.slots, strict=False):
            yield f".{name}", item
    yield from _function_edges(step)
    for name in ("handled", "delegate", "leaf", "caller", "outer", "thrown"):
        yield f".{name}", getattr(value, name, None)


def _function_edges(value: types.FunctionType) -> Iterator[Edge]:
    cells = value.__closure__ or ()
    for name, cell in zip(value.__code__.co_freevars, cells, strict=True):
        try:
            yield f".{name}", cell.cell_contents
        except ValueError:
            continue
    yield ".__defaults__", value.__defaults__
    yield ".__kwdefaults__", value.__kwdefaults__
    yield ".__dict__", value.__dict__
