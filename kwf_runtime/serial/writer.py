"""The writer: an object graph as one flat stream, in one loop.

Each value is written where it is met first, children after their parent (pre-order). What has an
identity gets the next number, implicitly, and later meetings are references to that number. The
loop keeps the iterators of the open parents on a list of its own: no depth is too deep.

How a type is written is its *saver*, ``saver(writer, value) -> iterator of children | None``; it
appends the value's own elements to ``writer.stream``. Savers of exact builtin types are here,
the others in values, instances, functions and iterators.

Limits: the graph must not change meanwhile. Values without identity (numbers, short strings,
datetimes) are written again at each place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from kwf_runtime.core.unbound import UNBOUND, Unbound
from kwf_runtime.serial import framing as f
from kwf_runtime.serial.registry import CACHE_LIMIT, Registry

if TYPE_CHECKING:
    from kwf_runtime.serial.local_classes import Body

Saver = Callable[["Writer", Any], "Iterator[Any] | None"]

_PLAIN: Final = frozenset((type(None), bool, float))
_ONLY_STR: Final = {str}
_RECORD_LIMIT: Final = 64
"""Most keys of a dict that is written as a record: keys once, in a shape."""


class Unsavable(Exception):  # noqa: N818  (never leaves the codec: UnsavableError does)
    """A value has no saved form; ``dumps`` adds its path and raises UnsavableError."""

    def __init__(self, value: object, advice: str) -> None:
        """Note the value and what to do about it."""
        super().__init__(advice)
        self.value = value
        self.advice = advice


class Writer:
    """The state of one ``dumps``.

    Attributes:
        stream: what is written so far.
        registry: the names of classes and code.
        memo: the numbers of values with identity, by ``id``.
        alive: weakly held values that are also held strongly, by ``id``; None if not known yet.
        weak: a weak reference was met.
        classes: the classes of functions that were met, by ``id``; see ``local_classes``.
        pending: those of them whose bodies were not looked at yet.
    """

    __slots__ = (
        *("_keep", "_own_plans", "_shapes", "_strings", "alive", "classes", "memo", "pending"),
        *("registry", "stream", "weak"),
    )

    def __init__(
        self,
        registry: Registry,
        alive: dict[int, int] | None = None,
        classes: dict[int, Body] | None = None,
    ) -> None:
        """Begin an empty stream; the arguments are what an earlier walk has found."""
        self.registry = registry
        self.classes: dict[int, Body] = classes or {}
        self.pending: list[Body] = []
        self._own_plans: dict[type, Saver] = {}
        self.stream: list[Any] = []
        self.memo: dict[int, int] = {}
        self.alive = alive
        self.weak = False
        self._strings: dict[str, int] = {}
        self._shapes: dict[Any, int] = {}
        self._keep: list[object] = []

    def write(self, root: object) -> None:
        """Write a graph.

        Raises:
            Unsavable: a value in it has no saved form.
        """
        append = self.stream.append
        strings, memo, plans = self._strings, self.memo, self.registry.plans
        string_number, memo_number, plan_of = strings.get, memo.get, plans.get
        max_uint, short, string_tag, ref_tag = f.MAX_UINT, f.SHORT, f.STRING, f.REF
        open_parents: list[Iterator[Any]] = []
        children: Iterator[Any] | None = iter((root,))
        if self.classes:
            children = self._classes_first(root)
        while True:
            assert children is not None
            for value in children:
                kind = type(value)
                if kind is str:
                    if len(value) <= short:
                        number = string_number(value)
                        if number is None:
                            strings[value] = len(strings)
                            append(value)
                        else:
                            append(string_tag)
                            append(number)
                        continue
                elif kind is int:
                    if 0 <= value <= max_uint:
                        append(value)
                    else:
                        self._big_int(value)
                    continue
                elif kind in _PLAIN:
                    append(value)
                    continue
                number = memo_number(id(value))
                if number is not None:
                    append(ref_tag)
                    append(number)
                    continue
                inner = (plan_of(kind) or self._plan(kind))(self, value)
                if inner is not None:
                    open_parents.append(children)
                    children = inner
                    break
            else:
                if open_parents:
                    children = open_parents.pop()
                elif self.pending:
                    children = iter((self.pending.pop(),))
                else:
                    return

    def tag(self, key: Any) -> int | None:
        """Return the tag of a shape, None if its definition is not known yet."""
        number = self._shapes.get(key)
        if number is None:
            definition = self.registry.definitions.get(key)
            if definition is None:
                return None
            number = self._shapes[key] = len(self._shapes)
            self.stream.append(definition)
        return f.SHAPE_0 - number

    def shape(self, key: Any, kind: int, *fields: str | int | tuple[str, ...] | None) -> int:
        """Define a shape; return its tag.

        Args:
            key: what the shape is known by; hashable, begins with its type or kind.
            kind: one of the kinds of framing.py.
            fields: the rest of its array.
        """
        definition = (kind, *fields)
        if not fields or str(fields[0])[:1] != "^":  # else of this state only
            definitions = self.registry.definitions
            if len(definitions) >= CACHE_LIMIT:
                definitions.clear()
            definitions[key] = definition
        self.stream.append(definition)
        number = self._shapes[key] = len(self._shapes)
        return f.SHAPE_0 - number

    def keep(self, value: object) -> None:
        """Keep a value that was made for writing: its id must stay its own."""
        self._keep.append(value)

    def number(self, value: object) -> None:
        """Give a value the next number."""
        self.memo[id(value)] = len(self.memo)

    def node(self, value: object, name: str, children: Sequence[Any]) -> Iterator[Any] | None:
        """Write a node of a library type: a number, its type, and its children."""
        self.memo[id(value)] = len(self.memo)
        self._typed(f.NODE, name, len(children))
        self._keep.append(children)
        return iter(children)

    def value(self, name: str, children: Sequence[Any]) -> Iterator[Any] | None:
        """Write a value of a library type that has no identity."""
        self._typed(f.VALUE, name, len(children))
        self._keep.append(children)
        return iter(children)

    def reference(self, value: object, name: str) -> None:
        """Write a reference to something that the registry knows."""
        key = (f.GLOBAL, name)
        self.stream.append(self.tag(key) or self.shape(key, f.GLOBAL, name))

    def _typed(self, kind: int, name: str, count: int) -> None:
        key = (kind, name, count)
        self.stream.append(self.tag(key) or self.shape(key, kind, name, count))

    def _plan(self, kind: type) -> Saver:
        from kwf_runtime.serial.plans import make_saver  # plans imports every kind of saver

        saver = self._own_plans.get(kind)
        if saver is None:
            plans = self._own_plans if "<locals>" in kind.__qualname__ else self.registry.plans
            saver = plans[kind] = make_saver(kind, self.registry)
        return saver

    def _classes_first(self, root: object) -> Iterator[Any]:
        from kwf_runtime.serial.local_classes import write_headers  # it imports this module

        return write_headers(self, root)

    def _big_int(self, value: int) -> None:
        if -f.MAX_UINT <= value < 0:
            self.stream += (f.NEGATIVE, -1 - value)
        else:
            size = value.bit_length() // 8 + 1
            self.stream += (f.BIG, value.to_bytes(size, "big", signed=True))


# Savers of exact builtin types


def _save_long_str(writer: Writer, value: str) -> None:
    writer.memo[id(value)] = len(writer.memo)
    writer.stream.append(value)


def _save_bytes(writer: Writer, value: bytes) -> None:
    if len(value) > f.SHORT:
        writer.memo[id(value)] = len(writer.memo)
    writer.stream.append(value)


def _save_bytearray(writer: Writer, value: bytearray) -> None:
    writer.memo[id(value)] = len(writer.memo)
    writer.stream += (f.BYTEARRAY, bytes(value))


def _save_list(writer: Writer, value: list[Any]) -> Iterator[Any] | None:
    writer.memo[id(value)] = len(writer.memo)
    if not value:
        writer.stream.append(f.EMPTY_LIST)
        return None
    writer.stream += (f.LIST, len(value))
    return iter(value)


def _save_tuple(writer: Writer, value: tuple[Any, ...]) -> Iterator[Any] | None:
    size = len(value)
    if size == 0:
        writer.stream.append(f.TUPLE_0)
        return None
    writer.memo[id(value)] = len(writer.memo)
    if size <= 3:
        writer.stream.append(f.TUPLE_0 - size)
    else:
        writer.stream += (f.TUPLE, size)
    return iter(value)


def _save_dict(writer: Writer, value: dict[Any, Any]) -> Iterator[Any] | None:
    writer.memo[id(value)] = len(writer.memo)
    size = len(value)
    if size <= _RECORD_LIMIT and {*map(type, value)} == _ONLY_STR:
        keys = tuple(value)
        tag = writer.tag(keys)
        if tag is None:
            tag = writer.shape(keys, f.RECORD, *keys)
        writer.stream.append(tag)
        return iter(value.values())
    if not size:
        writer.stream.append(f.EMPTY_DICT)
        return None
    writer.stream += (f.DICT, size)
    return chain.from_iterable(value.items())


def _save_set(writer: Writer, value: set[Any]) -> Iterator[Any]:
    writer.memo[id(value)] = len(writer.memo)
    writer.stream += (f.SET, len(value))
    return iter(in_order(value))


def _save_frozenset(writer: Writer, value: frozenset[Any]) -> Iterator[Any]:
    if value:
        writer.memo[id(value)] = len(writer.memo)
    writer.stream += (f.FROZENSET, len(value))
    return iter(in_order(value))


def in_order(values: Iterable[Any]) -> list[Any]:
    """Return the elements of a set, sorted if they are plain values: sets have no order."""
    elements = list(values)
    if len(elements) > 1:
        kinds = {*map(type, elements)}
        if kinds == _ONLY_STR or kinds == {int} or kinds == {bytes}:
            elements.sort()
        elif all(map(_is_scalar, elements)):
            elements.sort(key=_scalar_key)
    return elements


def _is_scalar(value: object) -> bool:
    if type(value) is tuple:
        return all(type(one) in _SCALARS for one in value)
    return type(value) in _SCALARS


_SCALARS: Final = frozenset((type(None), bool, int, float, str, bytes))


def _scalar_key(value: object) -> tuple[str, str]:
    return type(value).__name__, repr(value)


def _save_unbound(writer: Writer, value: Unbound) -> None:
    assert value is UNBOUND
    writer.stream.append(f.UNBOUND_TAG)


BUILTIN_SAVERS: Final[dict[type, Saver]] = {
    str: _save_long_str,
    bytes: _save_bytes,
    bytearray: _save_bytearray,
    list: _save_list,
    tuple: _save_tuple,
    dict: _save_dict,
    set: _save_set,
    frozenset: _save_frozenset,
    Unbound: _save_unbound,
}
