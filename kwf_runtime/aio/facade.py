"""How one name means the durable thing inside a workflow thread, and asyncio's own elsewhere.

The choice is made by each call, so a compiled module runs unchanged under plain asyncio.

Limits: an object keeps the kind it was made as: one made outside of a thread cannot be awaited
inside.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from types import GenericAlias
from typing import Any

from kwf_runtime.core.current import current


def either(durable: Callable[..., Any], real: Callable[..., Any]) -> Any:
    """A function that is ``durable`` inside a workflow thread, else ``real``."""

    @functools.wraps(real)
    def call(*args: Any, **kwargs: Any) -> Any:
        return (real if current() is None else durable)(*args, **kwargs)

    return call


def rest_of(name: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module that stands for another one: its other names are that's."""

    def get(attribute: str) -> Any:
        return getattr(importlib.import_module(name), attribute)

    return get


def refused(real: Callable[..., Any], reason: str) -> Any:
    """A function that is an error inside a workflow thread, else ``real``."""

    @functools.wraps(real, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        if current() is None:
            return real(*args, **kwargs)
        raise RuntimeError(
            f"asyncio.{real.__name__} cannot be used in a workflow thread: {reason}; "
            "do that work in an activity (@W.activity) and await its call"
        )

    return call


def either_class(durable: type, real: type) -> Any:
    """A class that is ``durable`` inside a workflow thread, else ``real``."""
    namespace: dict[str, Any] = {"__doc__": real.__doc__, "__module__": "asyncio", "__slots__": ()}
    if hasattr(real, "__class_getitem__"):
        namespace["__class_getitem__"] = classmethod(GenericAlias)
    return EitherMeta(real.__name__, (durable,), namespace, real=real)


class EitherMeta(type):
    """Metaclass of a class that stands for two: its call picks, and it knows both's instances.

    Such a class inherits from its durable one. A subclass of it is a subclass of the durable one,
    which works on any loop.
    """

    real: type

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> Any:
        """Make the class itself, if ``real`` is given, or a subclass of the durable one."""
        real = options.pop("real", None)
        if real is not None:
            cls = super().__new__(mcs, name, bases, namespace)
            cls.real = real
            return cls
        plain = tuple(base.durable if isinstance(base, EitherMeta) else base for base in bases)
        return type(name, plain, namespace, **options)

    def __init__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **_options: Any
    ) -> None:
        """Take what ``__new__`` took."""
        super().__init__(name, bases, namespace)

    @property
    def durable(cls) -> type:
        """The class of the instances made inside a workflow thread."""
        return cls.__mro__[1]

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an instance of the one that is meant here."""
        return (cls.real if current() is None else cls.durable)(*args, **kwargs)

    def __instancecheck__(cls, instance: object) -> bool:
        """Whether it is an instance of either."""
        return isinstance(instance, (cls.durable, cls.real))

    def __subclasscheck__(cls, subclass: type) -> bool:
        """Whether it is a subclass of either."""
        return issubclass(subclass, (cls.durable, cls.real))
