"""Marks by which the runtime tells the codec what of it may be saved.

The core knows nothing of bytes: these functions only record a name, and the codec looks it up.
A saved name is for ever: rename the class, keep the name.

Limits: for the runtime's own classes; a workflow's classes are known by their module, and any
other class by ``W.register``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

T = TypeVar("T")
C = TypeVar("C", bound=type)

CLASSES: Final[dict[str, type]] = {}
"""Savable classes by the name that is written."""
SINGLETONS: Final[dict[str, object]] = {}
"""Objects that there is one of in each process, by the name that is written."""
SINGLETON_NAMES: Final[dict[int, str]] = {}
"""The names of those objects by their ``id``; SINGLETONS holds them for ever."""


def savable(name: str, *, skip: tuple[str, ...] = ()) -> Callable[[C], C]:
    """Mark a class whose instances are saved by their attributes.

    A class may define ``__kwf_save__(self) -> state`` and ``__kwf_load__(self, state) -> None``:
    then the state alone is written. ``__kwf_load__`` is called on an instance made by
    ``object.__new__``, when all else is loaded; of several, in the order inner to outer.

    Args:
        name: what is written instead of the class; never changes.
        skip: attributes that are left out, and are unset after a load.
    """

    def mark(cls: C) -> C:
        if CLASSES.setdefault(name, cls) is not cls:
            raise ValueError(f"two savable classes are named {name!r}: {CLASSES[name]} and {cls}")
        marked: Any = cls
        marked.__kwf_savable__ = name
        marked.__kwf_skip__ = skip
        return cls

    return mark


def singleton(name: str, value: T) -> T:
    """Mark an object that is saved as its name; return it."""
    if SINGLETONS.setdefault(name, value) is not value:
        raise ValueError(f"two singletons are named {name!r}")
    SINGLETON_NAMES[id(value)] = name
    return value
