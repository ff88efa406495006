"""Iterators of builtins and itertools, through what ``__reduce__`` promises when they are saved.

Only saving asks ``__reduce__``; loading rebuilds each type by its own line of a closed table.
An iterator of a dict goes on in the dict that was saved with it. Iterators of sets and deques, and
reversed ones of dicts, come back as iterators of a list of what was left.

Limits: Python 3.14 took ``__reduce__`` from itertools: there they are refused. So are ``tee``,
and ``pairwise``.
"""

from __future__ import annotations

import collections
import gc
import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final

from kwf_runtime.errors import DecodeError
from kwf_runtime.serial.classes import save_by_name
from kwf_runtime.serial.opening import NOT_YET, Build, Items
from kwf_runtime.serial.writer import Saver, Writer

_SEQUENCES: Final[dict[str, type]] = {
    "list_iterator": list,
    "tuple_iterator": tuple,
    "str_iterator": str,
    "bytes_iterator": bytes,
    "bytearray_iterator": bytearray,
    "range_iterator": range,
}
"""Iterators that are a sequence and an index."""

_EMPTY: Final[tuple[Any, ...]] = (
    *([], (), "", "\u0100", b"", bytearray(), range(0), range(2**70)),
)
_SEQUENCE_TYPES: Final[dict[type, str]] = {
    **{type(iter(empty)): f"{type(empty).__name__}_iterator" for empty in _EMPTY},
}
_REVERSED: Final = type(reversed(()))
_LIST_REVERSED: Final[type] = type(reversed(list[Any]()))
_CALLABLE: Final = type(iter(int, 1))
_DICT_ITERATORS: Final[dict[type, Callable[[Any], Any]]] = {
    type(iter({})): dict.__iter__,
    type(iter({}.values())): lambda source: iter(dict.values(source)),
    type(iter({}.items())): lambda source: iter(dict.items(source)),
}
_SEQUENCE_PROTOCOL: Final[type] = type(iter(type("", (), {"__getitem__": None})()))
_REST_TYPES: Final[tuple[type, ...]] = (
    type(iter(set())),
    *(type(iter(collections.OrderedDict())), type(reversed(collections.OrderedDict()))),
    *(type(reversed({})), type(reversed({}.values())), type(reversed({}.items()))),
)

_VIEWS: Final[dict[type, Callable[[Any], Any]]] = {
    type({}.keys()): dict.keys,
    type({}.values()): dict.values,
    type({}.items()): dict.items,
}
_DEQUE_ITERATOR: Final[type] = type(iter(collections.deque[Any]()))

_ADAPTERS: Final = (enumerate, zip, map, filter)
_STREAMING: Final = (
    *(itertools.accumulate, itertools.chain, itertools.compress, itertools.count),
    *(itertools.cycle, itertools.dropwhile, itertools.filterfalse, itertools.groupby),
    *(itertools.islice, itertools.repeat, itertools.starmap, itertools.takewhile),
    itertools.zip_longest,
)
_POOLED: Final = (
    *(itertools.product, itertools.permutations, itertools.combinations),
    itertools.combinations_with_replacement,
)
"""Iterators that exhaust what they are made of at once."""
_REVERSIBLE: Final = frozenset((tuple, str, bytes, bytearray))


def _save_sequence_iterator(writer: Writer, value: Any) -> Iterator[Any] | None:
    name = _SEQUENCE_TYPES[type(value)]
    _, arguments, *state = value.__reduce__()
    if type(arguments[0]) in (tuple, list) and not state:
        return writer.node(value, name, (_SEQUENCES[name](*_empty(name)), 0))
    return writer.node(value, name, (arguments[0], state[0] if state else None))


def _empty(name: str) -> tuple[int, ...]:
    return (0,) if name == "range_iterator" else ()


def _save_reversed(writer: Writer, value: Any) -> Iterator[Any] | None:
    name = "list_reverseiterator" if type(value) is _LIST_REVERSED else "reversed"
    _, arguments, *state = value.__reduce__()
    if not state:
        return writer.node(value, name, ([] if type(value) is _LIST_REVERSED else (), None))
    if name == "reversed" and type(arguments[0]) not in _REVERSIBLE:
        save_by_name(writer, value)
        return None
    return writer.node(value, name, (arguments[0], state[0]))


def _save_rest(writer: Writer, value: Any) -> Iterator[Any] | None:
    return writer.node(value, "list_iterator", (value.__reduce__()[1][0], 0))


def _save_dict_iterator(writer: Writer, value: Any) -> Iterator[Any] | None:
    """Write an iterator of a dict by the dict and how many items it has gone past."""
    kind = type(value)
    source = next((one for one in gc.get_referents(value) if isinstance(one, dict)), None)
    try:
        rest: list[Any] = value.__reduce__()[1][0]
    except RuntimeError:  # the dict has another size now: the next item will be that error
        return writer.node(value, kind.__name__, (None, -1, 0))
    if source is not None:
        size = len(source)
        gone = size - len(rest)
        if list(map(_identity, rest)) == list(
            map(_identity, itertools.islice(_DICT_ITERATORS[kind](source), gone, None))
        ):
            return writer.node(value, kind.__name__, (source, gone, size))
    return writer.node(value, "list_iterator", (rest, 0))


def _identity(item: Any) -> Any:
    return tuple(map(id, item)) if type(item) is tuple else id(item)


def _dict_iterator_builder(make: Callable[[Any], Any]) -> Build:
    def build(items: Items) -> Any:
        source, gone, size = items
        if source is None:
            changed: dict[int, int] = {}
            iterator = make(changed)
            changed[0] = 0
            return iterator
        if not isinstance(source, dict) or type(gone) is not int or gone < 0:
            raise DecodeError("saved state has a wrong iterator of a dict")
        if len(source) != size:
            return NOT_YET
        iterator = make(source)
        next(itertools.islice(iterator, gone, gone), None)
        return iterator

    return build


def _save_protocol_iterator(writer: Writer, value: Any) -> Iterator[Any] | None:
    _, arguments, *state = value.__reduce__()
    if not state:
        return writer.node(value, "tuple_iterator", ((), 0))
    return writer.node(value, "iterator", (arguments[0], state[0]))


def _build_protocol_iterator(items: Items) -> Any:
    sequence, index = items
    if hasattr(type(sequence), "__iter__") or not hasattr(type(sequence), "__getitem__"):
        raise DecodeError("saved state has a wrong iterator")
    iterator: Any = iter(sequence)
    iterator.__setstate__(index)
    return iterator


def _save_deque_iterator(writer: Writer, value: Any) -> Iterator[Any] | None:
    _, (source, index) = value.__reduce__()
    return writer.node(value, "list_iterator", (list(itertools.islice(source, index, None)), 0))


def _save_view(writer: Writer, value: Any) -> Iterator[Any] | None:
    (source,) = gc.get_referents(value)
    return writer.node(value, type(value).__name__, (source,))


def _view_builder(view: Callable[[Any], Any]) -> Build:
    def build(items: Items) -> Any:
        if not isinstance(items[0], dict):
            raise DecodeError("saved state has a view of something that is no dict")
        return view(items[0])

    return build


def _save_callable_iterator(writer: Writer, value: Any) -> Iterator[Any] | None:
    _, arguments = value.__reduce__()
    if len(arguments) != 2:
        return writer.node(value, "tuple_iterator", ((), 0))
    return writer.node(value, "callable_iterator", arguments)


def _save_adapter(writer: Writer, value: Any) -> Iterator[Any] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # itertools on 3.12 and 3.13
            function, arguments, *state = value.__reduce__()
    except TypeError:
        save_by_name(writer, value)
        return None
    return writer.node(
        value, f"iterator.{function.__name__}", (arguments, state[0] if state else None)
    )


def _sequence_builder(name: str, kind: type) -> Build:
    def build(items: Items) -> Any:
        sequence: Any = items[0]
        index = items[1]
        if not isinstance(sequence, kind):
            raise DecodeError(f"saved state has a wrong {name}")
        if isinstance(sequence, list) and type(index) is int and index > len(sequence):
            return NOT_YET
        iterator = kind.__iter__(sequence)  # type: ignore[attr-defined]
        if index is not None:
            iterator.__setstate__(index)
        return iterator

    return build


def _build_list_reversed(items: Items) -> Any:
    sequence: Any = items[0]
    index = items[1]
    if not isinstance(sequence, list):
        raise DecodeError("saved state has a wrong list_reverseiterator")
    if type(index) is int and index >= len(sequence):
        return NOT_YET
    iterator: Any = list.__reversed__(sequence)
    if index is not None:
        iterator.__setstate__(index)
    return iterator


def _build_reversed(items: Items) -> Any:
    sequence, index = items
    if type(sequence) not in _REVERSIBLE:
        raise DecodeError("saved state has a wrong reversed")
    iterator: Any = reversed(sequence)
    if index is not None:
        iterator.__setstate__(index)
    return iterator


def _build_callable_iterator(items: Items) -> Any:
    return iter(items[0], items[1])


def _adapter_builder(kind: Callable[..., Any], pooled: bool) -> Build:
    def build(items: Items) -> Any:
        arguments, state = items
        if type(arguments) is not tuple:
            raise DecodeError("saved state has a wrong iterator")
        if pooled and any(type(one) not in (tuple, int) for one in arguments):
            raise DecodeError("saved state has a wrong iterator")
        iterator = kind(*arguments)
        if state is not None:
            iterator.__setstate__(state)
        return iterator

    return build


SAVERS: Final[dict[type, Saver]] = {
    **dict.fromkeys(_SEQUENCE_TYPES, _save_sequence_iterator),
    **dict.fromkeys((_REVERSED, _LIST_REVERSED), _save_reversed),
    **dict.fromkeys(_REST_TYPES, _save_rest),
    **dict.fromkeys(_DICT_ITERATORS, _save_dict_iterator),
    _SEQUENCE_PROTOCOL: _save_protocol_iterator,
    **dict.fromkeys((*_ADAPTERS, *_STREAMING, *_POOLED), _save_adapter),
    **dict.fromkeys(_VIEWS, _save_view),
    _CALLABLE: _save_callable_iterator,
    _DEQUE_ITERATOR: _save_deque_iterator,
}

NODE_BUILDERS: Final[dict[str, Build]] = {
    **{name: _sequence_builder(name, kind) for name, kind in _SEQUENCES.items()},
    **{kind.__name__: _view_builder(view) for kind, view in _VIEWS.items()},
    **{kind.__name__: _dict_iterator_builder(make) for kind, make in _DICT_ITERATORS.items()},
    "iterator": _build_protocol_iterator,
    "list_reverseiterator": _build_list_reversed,
    "reversed": _build_reversed,
    "callable_iterator": _build_callable_iterator,
    **{f"iterator.{k.__name__}": _adapter_builder(k, False) for k in (*_ADAPTERS, *_STREAMING)},
    **{f"iterator.{k.__name__}": _adapter_builder(k, True) for k in _POOLED},
}
