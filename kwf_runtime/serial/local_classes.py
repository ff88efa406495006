"""Classes that a function of a compiled module has made: saved by value, each state its own.

Such a class is its *header*, which is enough to make it, and its *body*, which may refer to all
else. All headers are at the head of the stream, all bodies follow: so a class is there before its
instances, and any cycle closes. In names of classes, ``^n`` is class n of the same state.

A load makes the class by ``type.__new__`` (or ABCMeta's) and sets its attributes one by one. No
``__init_subclass__``, ``__set_name__``, decorator or metaclass of a workflow runs: what they did is
in the attributes. Bytes can only make what the source can: the body of the class has to be code of
a loaded module, and what Python calls by itself (``__hash__``, ``__del__``) has to be the function
of that name in that body.

Limits: classes of other metaclasses, enums among them, and those that no ``class`` statement has
made (NamedTuple, make_dataclass) are refused, and so is a decorated special method.
"""

from __future__ import annotations

import abc
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from kwf_runtime.errors import CodeMissingError, DecodeError
from kwf_runtime.serial import dataclass_parts
from kwf_runtime.serial import framing as f
from kwf_runtime.serial.classes import class_name, resolve_class, slot_descriptors, solid_base
from kwf_runtime.serial.opening import Items, LocalClass, Opened, Opener
from kwf_runtime.serial.reader import Reader
from kwf_runtime.serial.type_values import plain_annotations
from kwf_runtime.serial.writer import Unsavable, Writer

if TYPE_CHECKING:
    from kwf_runtime.serial.registry import Registry

_METACLASSES: Final[dict[str, type]] = {"type": type, "ABCMeta": abc.ABCMeta}
_METACLASS_NAMES: Final = {kind: name for name, kind in _METACLASSES.items()}

_FIRST: Final = ("__module__", "__qualname__", "__doc__", "__slots__", "__abstractmethods__")
"""Attributes that a class has when it is made; written before the others, whose order is kept."""
_MADE: Final = frozenset(("__dict__", "__weakref__", "_abc_impl"))
"""Attributes that each class gets anew."""
_DESCRIPTORS: Final = (types.GetSetDescriptorType, types.MemberDescriptorType)
_REFUSED: Final = frozenset(
    name for name, one in vars(type).items() if isinstance(one, _DESCRIPTORS)
) - {*_FIRST, "__annotations__", "__type_params__"}
"""What is no attribute of a class but the class itself: its bases, its metaclass."""
_EXACT: Final = frozenset(
    (
        *("__hash__", "__eq__", "__del__", "__getattribute__", "__getattr__", "__iter__"),
        *("__next__", "__len__", "__getitem__", "__contains__", "__index__", "__bool__"),
        *("__get__", "__set__", "__instancecheck__", "__subclasscheck__"),
    )
)
"""What a load may cause Python to call: another method of the class must not stand for it."""
_DATA: Final = frozenset(
    (type(None), bool, int, float, str, bytes, tuple, list, dict, frozenset, type(...))
)


class Body:
    """What is written of one class.

    Attributes:
        kind: the class.
        number: of the class in its state.
        header: the array at the head of the stream.
        content: its attributes, as they are written.
    """

    __slots__ = ("content", "header", "kind", "number")

    def __init__(
        self, kind: type, number: int, header: tuple[Any, ...], content: dict[str, Any]
    ) -> None:
        """Note the parts."""
        self.kind = kind
        self.number = number
        self.header = header
        self.content = content


def local_name(writer: Writer, kind: type, value: object) -> str:
    """Return what stands for a class of a function, and have it written.

    Raises:
        Unsavable: it cannot be made again.
    """
    body = writer.classes.get(id(kind))
    if body is None:
        body = _make_body(writer, kind, value)
    return f"^{body.number}"


def _make_body(writer: Writer, kind: type, value: object) -> Body:
    registry = writer.registry
    code_id = f"{kind.__module__}:{kind.__qualname__}"
    metaclass = _METACLASS_NAMES.get(type(kind))
    if metaclass is None:
        text = f"its class is made in a function and of the metaclass {type(kind).__name__}"
        raise Unsavable(value, f"{text}: move it to the module")
    slots = _slots(kind)
    bases = tuple(class_name(base, writer, value) for base in kind.__bases__)
    try:
        _make(type(kind), kind.__name__, kind.__bases__, slots)
    except TypeError as error:
        raise Unsavable(value, f"move its class to the module ({error})") from None
    if type(kind) is abc.ABCMeta and abc._get_dump(kind)[0]:  # type: ignore[attr-defined]
        raise Unsavable(value, "its class has virtual subclasses: move it to the module")
    content = _content(kind, code_id, registry, value)
    header = (code_id, kind.__name__, metaclass, slots, bases)
    body = Body(kind, len(writer.classes), header, content)
    writer.classes[id(kind)] = body
    writer.pending.append(body)
    return body


def _slots(kind: type) -> tuple[str, ...] | None:
    """Return the slots of the class itself, None if it has no ``__slots__``."""
    own = vars(kind)
    if "__slots__" not in own:
        return None
    members = [
        name for name, one in own.items() if isinstance(one, _DESCRIPTORS) and name not in _MADE
    ]
    return (*sorted(members), *(name for name in ("__dict__", "__weakref__") if name in own))


def _content(kind: type, code_id: str, registry: Registry, value: object) -> dict[str, Any]:
    """Return the attributes of the class itself, as they are written."""
    own = {**vars(kind), "__qualname__": kind.__qualname__}
    generated = dataclass_parts.generated_names(kind)
    content = {}
    for name in (
        *(one for one in _FIRST if one in own),
        *(one for one in own if one not in _FIRST),
    ):
        one = own[name]
        if name in _MADE or name in generated or isinstance(one, _DESCRIPTORS):
            continue
        if name == "__annotations__":
            one = plain_annotations(one, registry)
        elif name == dataclass_parts.PARAMS:
            one = dataclass_parts.parameters(one)
        if not _may_have(name, one, code_id, registry):
            advice = f"its class has a {name} that is no method of it: move it to the module"
            raise Unsavable(value, advice)
        content[name] = one
    return content


def _may_have(name: str, value: object, code_id: str, registry: Registry) -> bool:
    """Whether the source of a class can give it such an attribute."""
    if not (name[:2] == "__" == name[-2:]):
        return True
    if name in _REFUSED or name.startswith("__kwf_"):
        return False
    if type(value) in _DATA:
        return True
    function = getattr(value, "__func__", value) if type(value) in _WRAPPERS else value
    if type(function) is not types.FunctionType:
        return False
    entry = registry.code_entry(function.__code__)
    if entry is None or not entry.id.startswith(f"{code_id}."):
        return False
    path = entry.id.rpartition(".")[2].partition("#")[0]
    return path == name or (name not in _EXACT and path[:2] == "__" == path[-2:])


_WRAPPERS: Final = (staticmethod, classmethod)


def write_headers(writer: Writer, root: object) -> Iterator[Any]:
    """Write the headers of all classes; return their bodies, and the root."""
    bodies = writer.classes.values()
    writer.stream += (f.CLASSES, len(bodies))
    for body in bodies:
        writer.number(body.kind)
        writer.stream.append(body.header)
    return iter((*bodies, root))


def save_body(writer: Writer, value: Body) -> Iterator[Any]:
    """Write the attributes of a class."""
    key = (Body, value.number)
    writer.stream.append(
        writer.shape(key, f.CLASS_BODY, f"^{value.number}", *map(_checked, value.content))
    )
    writer.keep(value)
    return iter(value.content.values())


def _checked(name: object) -> str:
    if type(name) is not str:
        raise Unsavable(name, "a class has an attribute whose name is no plain str")
    return name


# Making


def _make(
    metaclass: Any, name: str, bases: tuple[type, ...], slots: tuple[str, ...] | None
) -> type:
    """Make a class without a call of anything that a workflow has defined.

    Raises:
        TypeError: there is no such class.
    """
    namespace: dict[str, Any] = {} if slots is None else {"__slots__": slots}
    for base in bases:
        if type(base) not in _METACLASS_NAMES or not issubclass(metaclass, type(base)):
            raise TypeError(f"its base {base.__name__} has a metaclass of its own")
    made: type
    if not any("__init_subclass__" in vars(one) for base in bases for one in base.__mro__[:-1]):
        made = metaclass.__new__(metaclass, name, bases, namespace)
        return made
    # Of a base that would notice, a stand-in of the same layout; then the bases are exchanged.
    made = metaclass.__new__(metaclass, name, (_stand_in(bases),), namespace)
    type.__setattr__(made, "__bases__", bases)
    return made


def _stand_in(bases: tuple[type, ...]) -> type:
    """Return a class with the layout of the base that gives theirs to instances."""
    base = max(bases, key=lambda kind: kind.__basicsize__)
    solid = solid_base(base)
    slots = list(slot_descriptors(base))
    if base.__dictoffset__ and not solid.__dictoffset__:
        slots.append("__dict__")
    if base.__weakrefoffset__ and not solid.__weakrefoffset__:
        slots.append("__weakref__")
    return type(base.__name__, (solid,), {"__slots__": slots})


def open_classes(reader: Reader) -> int:
    """Make the classes at the head of a stream; return how many there are.

    Raises:
        DecodeError: a header is none.
        CodeMissingError: the loaded code does not have such a class.
    """
    next(reader.stream)  # the tag
    number = next(reader.stream)
    if type(number) is not int or not 0 < number <= f.SHAPE_LIMIT:
        raise DecodeError("saved state has a wrong number of classes")
    for _ in range(number):
        header: Any = next(reader.stream)
        if type(header) is not tuple or len(header) != 5:
            raise DecodeError("saved state has a wrong header of a class")
        code_id, name, metaclass, slots, bases = header
        texts = (code_id, name, metaclass, *bases, *(slots or ()))
        if metaclass not in _METACLASSES or any(type(one) is not str for one in texts):
            raise DecodeError("saved state has a wrong header of a class")
        if reader.registry.class_body(code_id) is None:
            raise CodeMissingError(code_id)
        kinds = tuple(resolve_class(reader, base) for base in bases)
        kind = _make(_METACLASSES[metaclass], name, kinds, slots)
        reader.classes.append(LocalClass(kind, code_id))
        reader.refs.append(kind)
    return number


def body_opener(reader: Reader, name: str, *names: str) -> Opener:
    """Read the attributes of a class."""
    kind = resolve_class(reader, name)
    known = next((one for one in reader.classes if one.kind is kind), None)
    if known is None or not names:
        raise DecodeError("saved state has the body of a class that it does not have")
    code_id, registry = known.code_id, reader.registry

    def fill(target: Any, items: Items) -> None:
        content = dict(zip(names, items, strict=True))
        for one, item in content.items():
            if not _may_have(one, item, code_id, registry):
                raise DecodeError(f"saved state has a wrong {one!r} of the class {code_id}")
            type.__setattr__(target, one, item)
        if dataclass_parts.PARAMS in content:
            params = content[dataclass_parts.PARAMS]
            dataclass_parts.generate(target, params, slotted="__slots__" in content)

    def open_body(reader: Reader) -> Opened:
        return len(names), fill, kind

    return open_body
