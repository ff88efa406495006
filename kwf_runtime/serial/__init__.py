"""The codec: object graphs as bytes, and back. See docs/format.md.

Limits: what is written follows from types that are known here, from the classes and code that
compiled modules define or list, and from ``register``; everything else is an UnsavableError.
"""

from __future__ import annotations

from typing import Any

from kwf_runtime.errors import UnsavableError
from kwf_runtime.serial.framing import pack, unpack
from kwf_runtime.serial.inspection import Node, inspect_bytes, render, to_json, walk
from kwf_runtime.serial.reader import Reader
from kwf_runtime.serial.registry import DEFAULT, Registry
from kwf_runtime.serial.writer import Unsavable, Writer

__all__ = [
    "DEFAULT",
    "Node",
    "Registry",
    "dumps",
    "inspect_bytes",
    "loads",
    "register",
    "render",
    "to_json",
    "walk",
]


def dumps(obj: object, *, registry: Registry = DEFAULT) -> bytes:
    """Return the bytes of an object and of all that hangs on it.

    Raises:
        UnsavableError: something in it has no saved form; the error has its path.
    """
    writer = Writer(registry)
    try:
        writer.write(obj)
        if writer.weak or writer.classes:  # now it is known what is held, and what classes it has
            alive = writer.memo if writer.weak else None
            writer = Writer(registry, alive, writer.classes)
            writer.write(obj)
    except Unsavable as problem:
        from kwf_runtime.serial.paths import describe  # only a failure needs it

        raise UnsavableError(*describe(obj, problem.value, registry), problem.advice) from None
    return pack(writer.stream)


def loads(data: bytes, *, registry: Registry = DEFAULT) -> Any:
    """Return the object that ``dumps`` was given.

    Raises:
        DecodeError: the bytes are no saved state, or damaged.
        CodeMissingError: they need code that no loaded module has.
    """
    return Reader(unpack(data), registry).read()


def register(obj: Any, name: str | None = None, version: int = 1) -> Any:
    """Let instances of a class, or a function or object itself, be saved; return it.

    See ``Registry.register``.
    """
    return DEFAULT.register(obj, name, version)
