"""The registry: what saved bytes may name, and how it is named.

Compiled modules fill it when they are imported: their code objects, frame layouts, what they
define, and the references that their text makes. ``register`` adds single classes, functions and
objects. Nothing else can be named by bytes; a name that is not here is a ``CodeMissingError``.

Names are ``module:qualname`` (``module:`` for a module). A code id is ``module:qualname`` as in the
source, with ``#n`` for the n-th of equal ones (n > 0, in the order of the source). A compiled
function has two code objects of one id: the function, and its step, which only frames name.

Limits: a name is listed for ever; what it is bound to is looked up once, when first needed.
"""

from __future__ import annotations

import contextvars
import functools
import importlib
import inspect
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from kwf_runtime.core import savable
from kwf_runtime.errors import CodeMissingError
from kwf_runtime.serial.builtin_names import STANDARD
from kwf_runtime.serial.layout import Layout

_STEP: Final = "_kwf_step"
_STEP_INFIX: Final = f".<locals>.{_STEP}"

CACHE_LIMIT: Final = 10_000
"""Most shapes that a registry remembers, in each direction."""


@dataclass(frozen=True, slots=True, eq=False)
class CodeEntry:
    """One code object of a compiled module.

    Attributes:
        id: its code id.
        code: the code object.
        namespace: the globals of its module.
        layout: the layout of its frames, if it is the step of a compiled function.
        is_step: whether it is such a step.
    """

    id: str
    code: types.CodeType
    namespace: dict[str, Any]
    layout: Layout | None
    is_step: bool


@dataclass(slots=True)
class _Module:
    name: str
    namespace: dict[str, Any]
    entries: list[CodeEntry]
    refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Registered:
    """What ``register`` was given: the object, its name in bytes, and its version."""

    value: object
    name: str
    version: int


@dataclass(slots=True, eq=False)
class Registry:
    """Names for code, classes, functions and modules, both ways.

    Attributes:
        plans: how to write each type, kept here by the writer; emptied when names change.
        definitions: the shapes of what was written before, kept here by the writer; likewise.
        openers: how to read each shape, kept here by the reader; likewise.
    """

    plans: dict[type, Any] = field(default_factory=dict)
    definitions: dict[Any, tuple[Any, ...]] = field(default_factory=dict)
    openers: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    _modules: dict[str, _Module] = field(default_factory=dict)
    _by_code: dict[int, CodeEntry] = field(default_factory=dict)
    _functions: dict[str, CodeEntry] = field(default_factory=dict)
    _steps: dict[str, CodeEntry] = field(default_factory=dict)
    _aliases: list[types.CodeType] = field(default_factory=list)
    _registered: dict[str, Registered] = field(default_factory=dict)
    _instances: dict[int, Registered] = field(default_factory=dict)
    _refs: set[str] = field(default_factory=set)
    _names: dict[int, tuple[str, object]] = field(default_factory=dict)
    _objects: dict[str, object] = field(default_factory=dict)
    _indexed: bool = False

    # Filling

    def add_module(
        self,
        name: str,
        code: types.CodeType,
        namespace: dict[str, Any],
        layouts: Mapping[str, Layout],
        refs: Sequence[str] = (),
    ) -> None:
        """Make known what a compiled module holds; replaces an earlier module of that name.

        Args:
            name: the module's name.
            code: the module's own code object.
            namespace: the module's globals, the finished module.
            layouts: frame layouts by the qualified name of the compiled function.
            refs: ``module:qualname`` of what the module's text names elsewhere.
        """
        self._forget(name)
        entries = [
            CodeEntry(
                f"{name}:{path}", nested, namespace, layouts.get(path) if step else None, step
            )
            for path, nested, step in _walk_code(code)
        ]
        self._modules[name] = _Module(name, namespace, entries, tuple(refs))
        for entry in entries:
            self._of_kind(entry.is_step)[entry.id] = entry
            self._by_code[id(entry.code)] = entry
        self._refs.update(refs)
        self._changed()

    def alias_code(self, new_code: types.CodeType, old_code: types.CodeType) -> None:
        """Know ``new_code``, a copy of ``old_code`` with other flags, by the same code id.

        Functions that are loaded get ``new_code``.
        """
        old = self._by_code.get(id(old_code))
        if old is None:
            raise CodeMissingError(old_code.co_qualname)
        entry = CodeEntry(old.id, new_code, old.namespace, old.layout, old.is_step)
        self._of_kind(old.is_step)[old.id] = self._by_code[id(new_code)] = self._by_code[
            id(old_code)
        ] = entry
        self._aliases += (new_code, old_code)  # ids are only unique while the objects live

    def register(self, value: Any, name: str | None = None, version: int = 1) -> Any:
        """Let instances of a class, or a function or object itself, be saved; return it.

        Args:
            value: the class, function or object.
            name: what the bytes say; by default ``module:qualname``.
            version: of the class's attributes; state of another version is not loaded.
        """
        if name is None:
            qualname = getattr(value, "__qualname__", None)
            if not isinstance(qualname, str):
                raise TypeError(
                    f"register a {type(value).__name__} with a name: it has none itself"
                )
            name = f"{value.__module__}:{qualname}"
        known = self._registered.get(name)
        if known is not None and known.value is not value and not _reloaded(known.value, value):
            raise ValueError(f"{name!r} is registered already, for {known.value!r}")
        entry = self._registered[name] = Registered(value, name, version)
        if not isinstance(value, (type, types.FunctionType)):
            self._instances[id(value)] = entry
        self._changed()
        return value

    def _forget(self, name: str) -> None:
        old = self._modules.pop(name, None)
        if old is None:
            return
        for entry in old.entries:
            self._of_kind(entry.is_step).pop(entry.id, None)
            self._by_code.pop(id(entry.code), None)
        self._refs = {ref for module in self._modules.values() for ref in module.refs}

    def _changed(self) -> None:
        self._indexed = False
        self._names.clear()
        self._objects.clear()
        self.plans.clear()
        self.definitions.clear()
        self.openers.clear()

    # Code

    def code_entry(self, code: types.CodeType) -> CodeEntry | None:
        """Return what is known of a code object."""
        return self._by_code.get(id(code))

    def entry(self, code_id: str) -> CodeEntry:
        """Return the function with that code id.

        Raises:
            CodeMissingError: no loaded module has it.
        """
        return self._known(self._functions, code_id)

    def class_body(self, code_id: str) -> CodeEntry | None:
        """Return the body of a class that a function of a loaded module makes."""
        entry = self._functions.get(code_id)
        if entry is None or entry.code.co_flags & inspect.CO_OPTIMIZED:
            return None
        return entry if "<locals>" in entry.id else None

    def step(self, code_id: str) -> CodeEntry:
        """Return the step of the compiled function with that code id.

        Raises:
            CodeMissingError: no loaded module has it.
        """
        return self._known(self._steps, code_id)

    def _known(self, entries: dict[str, CodeEntry], code_id: str) -> CodeEntry:
        entry = entries.get(code_id)
        if entry is None:
            raise CodeMissingError(code_id)
        return entry

    def _of_kind(self, is_step: bool) -> dict[str, CodeEntry]:
        return self._steps if is_step else self._functions

    def layouts(self) -> Iterator[tuple[str, Layout]]:
        """Yield the code id and the layout of every compiled function."""
        for entry in self._steps.values():
            if entry.layout is not None:
                yield entry.id, entry.layout

    # Objects

    def name_of(self, value: object) -> str | None:
        """Return the name by which bytes refer to this very object, None if there is none."""
        found = self._names.get(id(value))
        if found is None and not self._indexed:
            self._index()
            found = self._names.get(id(value))
        return None if found is None else found[0]

    def registered_name(self, value: object) -> str | None:
        """Return the name under which this very object was registered."""
        found = self._instances.get(id(value))
        if found is not None:
            return _versioned(found)
        return savable.SINGLETON_NAMES.get(id(value))

    def names_objects(self, kind: type) -> bool:
        """Whether objects of this type were registered themselves."""
        registered = (one.value for one in self._instances.values())
        return any(type(one) is kind for one in chain(registered, savable.SINGLETONS.values()))

    def search(self, value: object) -> str | None:
        """As ``name_of``, after a new look at all modules: one may have been imported since."""
        name = self.name_of(value)
        if name is None:
            self._indexed = False
            name = self.name_of(value)
        return name

    def resolve(self, name: str) -> object:
        """Return what a name stands for.

        Raises:
            CodeMissingError: nothing known has this name.
        """
        try:
            return self._objects[name]
        except KeyError:
            pass
        registered = self._registered.get(name.partition("@")[0])
        if registered is not None:
            if name != _versioned(registered):
                raise CodeMissingError(name)
            value = registered.value
        elif name in STANDARD:
            value = STANDARD[name]
        elif name in savable.CLASSES:
            value = savable.CLASSES[name]
        elif name in savable.SINGLETONS:
            value = savable.SINGLETONS[name]
        elif name in self._refs:
            value = _follow(name, importlib.import_module)
        else:
            value = self._defined(name)
        self._objects[name] = value
        return value

    def _defined(self, name: str) -> object:
        module_name, _, path = name.partition(":")
        module = self._modules.get(module_name)
        if module is None:
            raise CodeMissingError(name)
        if not path:
            return sys.modules[module_name]
        head, *rest = path.split(".")
        value = module.namespace.get(head, module)
        for attribute in rest:
            if not isinstance(value, type):
                raise CodeMissingError(name)
            value = value.__dict__.get(attribute, module)
            value = getattr(value, "__func__", value)
        if value is module or isinstance(value, _DATA):
            raise CodeMissingError(name)
        return value

    def _index(self) -> None:
        """Find the name of every object that has one; the most telling name wins."""
        names: dict[int, tuple[str, object]] = {}
        for name, value in STANDARD.items():
            names.setdefault(id(value), (name, value))
        for name, value in chain(savable.CLASSES.items(), savable.SINGLETONS.items()):
            names.setdefault(id(value), (name, value))
        for entry in self._registered.values():
            names[id(entry.value)] = (_versioned(entry), entry.value)
        for module in self._modules.values():
            for path, value in _definitions(module.name, module.namespace):
                names.setdefault(id(value), (f"{module.name}:{path}", value))
        for ref in sorted(self._refs):
            value = _follow(ref, sys.modules.get)
            if value is not None and not isinstance(value, _DATA):
                names.setdefault(id(value), (ref, value))
        for module in self._modules.values():
            if module.name in sys.modules:
                value = sys.modules[module.name]
                names.setdefault(id(value), (f"{module.name}:", value))
            for path, value in tuple(module.namespace.items()):
                if not path.startswith("__") and not isinstance(value, _DATA):
                    names.setdefault(id(value), (f"{module.name}:{path}", value))
        self._names = names
        self._indexed = True


_DATA: Final = (
    *(type(None), bool, int, float, complex, str, bytes, bytearray, tuple, list, dict, set),
    frozenset,
)
"""Values that are saved as such, even where a module's global holds the same object."""


def _versioned(entry: Registered) -> str:
    return entry.name if entry.version == 1 else f"{entry.name}@{entry.version}"


def _reloaded(old: object, new: object) -> bool:
    """Whether ``new`` is the same definition in a module that was imported again."""
    return all(
        getattr(old, name, 0) == getattr(new, name, 1) for name in ("__module__", "__qualname__")
    )


def _follow(name: str, find_module: Callable[[str], Any]) -> Any:
    """Return what a listed name stands for.

    Raises:
        CodeMissingError: the module lacks it, and was to be imported for it.
    """
    module_name, _, path = name.partition(":")
    importing = find_module is importlib.import_module
    try:
        value = find_module(module_name)
        if value is not None:
            value = functools.reduce(getattr, path.split(".") if path else (), value)
    except (ImportError, AttributeError) as error:
        if importing:
            raise CodeMissingError(name) from error
        return None
    return value


def _walk_code(module: types.CodeType) -> Iterator[tuple[str, types.CodeType, bool]]:
    """Yield the path and code of all functions of a module, and whether it is a step.

    Functions of one parent come in the order of their lines, so that equal paths get the numbers
    that they have in the source, wherever the compiler put them.
    """
    seen: dict[tuple[str, bool], int] = {}
    known: set[int] = set()
    stack = [iter(_nested(module))]
    while stack:
        code = next(stack[-1], None)
        if code is None:
            stack.pop()
        elif id(code) not in known:
            known.add(id(code))
            is_step = code.co_name == _STEP
            path = code.co_qualname.replace(_STEP_INFIX, "")
            number = seen[path, is_step] = seen.get((path, is_step), -1) + 1
            yield (f"{path}#{number}" if number else path), code, is_step
            stack.append(iter(_nested(code)))


def _nested(code: types.CodeType) -> list[types.CodeType]:
    nested = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return sorted(nested, key=lambda constant: constant.co_firstlineno)


def _definitions(module: str, namespace: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield what a module itself defines: functions and classes, by qualified name."""
    stack: list[tuple[str, Mapping[str, Any]]] = [("", namespace)]
    seen: set[int] = set()
    while stack:
        prefix, members = stack.pop()
        for name, member in tuple(members.items()):
            value = getattr(member, "__func__", member)  # staticmethod, classmethod
            if id(value) in seen or not _belongs(value, module, prefix, name):
                continue
            seen.add(id(value))
            yield prefix + name, value
            if isinstance(value, type):
                stack.append((f"{prefix}{name}.", vars(value)))


def _belongs(value: object, module: str, prefix: str, name: str) -> bool:
    if isinstance(value, (types.FunctionType, functools._lru_cache_wrapper)):
        return value.__module__ == module
    if isinstance(value, type):
        outer = prefix[:-1].rpartition(".")[2].lstrip("_")
        if outer and name.startswith(f"_{outer}__"):
            name = name.removeprefix(f"_{outer}")  # a private name
        return value.__module__ == module and value.__qualname__ == prefix + name
    return isinstance(value, contextvars.ContextVar)


DEFAULT: Final = Registry()
"""The registry of this process, which compiled modules fill."""
