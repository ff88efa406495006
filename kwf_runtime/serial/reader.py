"""The reader: a flat stream back to an object graph, in one loop.

What can be changed after its creation exists as soon as it is met, and is filled when its children
are there; so cycles close by themselves. What cannot (tuples, bound methods, iterators) is built
when its children are there. A reference to such a thing while it is still open is a *promise*,
patched where it was put when the thing is built.

Nothing is imported, called or looked up but what the registry lists and the loaders of this package
build. Any other failure is a DecodeError.

Limits: sets, and dicts with keys other than plain values, are filled last, so that ``__hash__``
finds its attributes; a frozenset's elements must be hashable when it is built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kwf_runtime.core.frame import Frame
from kwf_runtime.errors import DecodeError, KwfError
from kwf_runtime.serial import framing as f
from kwf_runtime.serial.opening import (
    KEYS,
    NOT_YET,
    OPENERS,
    Build,
    Fill,
    Items,
    LocalClass,
    Opener,
    fill_by_hash,
    read_index,
)
from kwf_runtime.serial.registry import CACHE_LIMIT, Registry


class _Promise:
    """Stands for an immutable value that is not built yet."""

    __slots__ = ("build", "items", "missing", "number", "users")

    def __init__(self, number: int) -> None:
        self.number = number
        self.users: list[tuple[Items, int, _Promise | None]] = []
        self.missing = 0
        self.build: Build | None = None
        self.items: Items = []


class Reader:
    """The state of one ``loads``.

    Attributes:
        registry: what names stand for.
        classes: those that the state itself has.
        refs: the values with identity, by number; None is one that is still to be built.
        stream: the elements that are still to be read.
    """

    __slots__ = (
        "_begins_with_classes",
        "_deferred",
        "_filled_last",
        "_hooked",
        "_late",
        "_owners",
        "_promised",
        "_shapes",
        "_strings",
        "classes",
        "refs",
        "registry",
        "stream",
    )

    def __init__(self, elements: Sequence[Any], registry: Registry) -> None:
        """Begin at the first element."""
        self.registry = registry
        self.stream: Iterator[Any] = iter(elements)
        self.refs: list[Any] = []
        self.classes: list[LocalClass] = []
        self._begins_with_classes = bool(elements) and elements[0] == f.CLASSES
        self._promised = 0
        self._strings: list[str] = []
        self._shapes: list[Opener] = []
        self._owners: dict[int, Any] = {}
        self._deferred: list[_Promise] = []
        self._hooked: list[tuple[Callable[[Any, Any], object], Any, Any]] = []
        self._late: list[tuple[int, Fill, Any, Items]] = []
        self._filled_last: list[tuple[Callable[[Any, Any], object], Any, Any]] = []

    def read(self) -> object:
        """Read the graph.

        Raises:
            DecodeError: the stream is not one that a writer makes.
            CodeMissingError: it names something that is not loaded.
        """
        try:
            results = self._read()
            self._finish()
        except KwfError:
            self._disarm()
            raise
        except StopIteration:
            self._disarm()
            raise DecodeError("saved state ends in the middle of a value") from None
        except Exception as error:
            self._disarm()
            raise DecodeError(f"saved state is wrong: {type(error).__name__}: {error}") from error
        return results[-1]

    def _read(self) -> Items:
        """Read all elements; return a list of the values: bodies of classes, and the root."""
        stream, refs, strings, shapes = self.stream, self.refs, self._strings, self._shapes
        add_string, short, first_shape = strings.append, f.SHORT, f.SHAPE_0
        string_tag, ref_tag, openers = f.STRING, f.REF, OPENERS
        known_shapes = self.registry.openers
        open_parents: list[tuple[Items, int, Any, Any]] = []
        results: Items = []
        items, left = results, 1
        if self._begins_with_classes:
            from kwf_runtime.serial.local_classes import open_classes  # it imports this module

            left += open_classes(self)
        complete: Any = None
        target: Any = results
        for element in stream:
            kind = type(element)
            if kind is str:
                if len(element) <= short:
                    add_string(element)
                else:
                    refs.append(element)
            elif kind is int:
                if element == ref_tag:
                    number = read_index(stream)
                    element = refs[number]
                    if element is None or type(element) is _Promise:
                        element = self._promise(number, items, target)
                elif element == string_tag:
                    element = strings[read_index(stream)]
                elif element < 0:
                    opener = (
                        shapes[first_shape - element]
                        if element <= first_shape
                        else openers[element]
                    )
                    opened = opener(self)
                    if opened[0]:
                        open_parents.append((items, left, complete, target))
                        left, complete, target = opened
                        items = target if complete is None else []
                        continue
                    element = self._complete(opened[1], opened[2], []) if opened[1] else opened[2]
            elif kind is bytes:
                if len(element) > short:
                    refs.append(element)
            elif kind is tuple:
                shapes.append(known_shapes.get(element) or self._make_opener(element))
                continue
            elif kind is not float and kind is not bool and element is not None:
                raise DecodeError(f"saved state has a {kind.__name__} where a value belongs")
            items.append(element)
            left -= 1
            while not left:
                if not open_parents:
                    for _ in stream:
                        raise DecodeError("saved state has more than one root")
                    return results
                element = self._complete(complete, target, items) if complete else target
                items, left, complete, target = open_parents.pop()
                if type(element) is _Promise:
                    self._promise(element.number, items, target)
                items.append(element)
                left -= 1
        raise StopIteration

    def _complete(self, complete: Any, target: Any, items: Items) -> Any:
        """Return a value whose children are all there."""
        owners = self._owners
        if type(target) is not int:  # an object, to be filled
            if owners and owners.pop(id(items), self) is not self:
                self._late.append((len(self._filled_last), complete, target, items))
            elif complete is fill_by_hash:
                self.fill_by_hash(target, items)
            else:
                complete(target, items)
            return target
        if owners:
            promise = owners.pop(id(items), None)
            if promise is not None and promise.missing:
                promise.build, promise.items = complete, items
                return promise
        value = complete(items)
        if value is NOT_YET:
            promise = self.refs[target] or self._new_promise(target)
            promise.build, promise.items = complete, items
            self._deferred.append(promise)
            return promise
        if target >= 0:
            promise = self.refs[target]
            self.refs[target] = value
            if promise is not None:
                self._keep_promise(promise, value)
        return value

    def _disarm(self) -> None:
        """Keep frames of a failed load from being closed, which would run them."""
        for one in self.refs:
            if isinstance(one, Frame):
                one.pc = -1

    def _finish(self) -> None:
        """Do what had to wait for the end of the stream."""
        if self._deferred:
            self._build_deferred()
        if self._promised:
            raise DecodeError("saved state has a cycle of values that cannot have one")
        self._fill_late(self._late)
        for fill_last, target, content in self._filled_last:
            fill_last(target, content)
        for load, target, state in self._hooked:
            load(target, state)

    def _build_deferred(self) -> None:
        """Build what waits for a container to be full: iterators of it, at a place in it.

        A dict is filled even if it holds such iterators itself; their promises are replaced by
        the second filling, which does not change its size.
        """
        again = []
        ready = []
        for late in self._late:
            _, fill, target, items = late
            promised = any(type(one) is _Promise for one in items)
            if promised:
                again.append((0, fill, target, items))
            if not promised or type(target) is dict:
                ready.append(late)
        self._fill_late(ready)
        for fill_last, target, content in self._filled_last:
            fill_last(target, content)
        self._late, self._filled_last = again, []
        for promise in self._deferred:
            assert promise.build is not None
            value = promise.build(promise.items)
            if value is NOT_YET:
                raise DecodeError("saved state has an iterator at a place that does not exist")
            self.refs[promise.number] = value
            self._keep_promise(promise, value)

    def _fill_late(self, late: Sequence[tuple[int, Fill, Any, Items]]) -> None:
        """Fill what waited for promises; a content before the object that it is of."""
        waiting, self._filled_last = self._filled_last, []
        done = 0
        for place, fill, target, items in late:
            self._filled_last += waiting[done:place]
            done = place
            if fill is fill_by_hash:
                self.fill_by_hash(target, items)
            else:
                fill(target, items)
        self._filled_last += waiting[done:]

    def fill_by_hash(self, target: Any, items: Items) -> None:
        """Fill a set or a dict, or do so at the end if hashing may need other objects first."""
        keys = items if type(target) is set else items[::2]
        if KEYS.issuperset(map(type, keys)):
            fill_by_hash(target, items)
        else:
            self._filled_last.append((fill_by_hash, target, items))

    def load_at_end(self, load: Callable[[Any, Any], object], target: Any, state: Any) -> None:
        """Give a target its state when all else is complete."""
        self._hooked.append((load, target, state))

    def fill_after(self, fill: Callable[[Any, Any], object], target: Any, content: Any) -> None:
        """Fill a target with what a content holds, as soon as it surely holds it."""
        if self._filled_last or self._late or self._promised:
            self._filled_last.append((fill, target, content))
        else:
            fill(target, content)

    # Promises

    def _promise(self, number: int, items: Items, target: Any) -> _Promise:
        """Return the promise of value ``number``, and note that it goes into ``items`` next."""
        promise: _Promise | None = self.refs[number]
        if promise is None:
            promise = self._new_promise(number)
        owner: _Promise | None = None
        if type(target) is int:
            if target < 0:
                raise DecodeError("saved state has a cycle through a value without identity")
            owner = self.refs[target]
            if owner is None:
                owner = self._new_promise(target)
            owner.missing += 1
        if items is not target:
            self._owners[id(items)] = owner
        promise.users.append((items, len(items), owner))
        return promise

    def _new_promise(self, number: int) -> _Promise:
        promise = self.refs[number] = _Promise(number)
        self._promised += 1
        return promise

    def _keep_promise(self, promise: _Promise, value: object) -> None:
        """Put a value that is built now where it was promised, and build what waited for it."""
        kept = [(promise, value)]
        while kept:
            promise, value = kept.pop()
            self._promised -= 1
            for items, index, owner in promise.users:
                items[index] = value
                if owner is None:
                    continue
                owner.missing -= 1
                if not owner.missing and owner.build is not None:
                    built = owner.build(owner.items)
                    self.refs[owner.number] = built
                    kept.append((owner, built))

    # Shapes

    def _make_opener(self, definition: tuple[Any, ...]) -> Opener:
        from kwf_runtime.serial.plans import make_opener  # plans imports every kind of opener

        kind, *fields = definition
        for position, one in enumerate(fields, 1):
            names = one if type(one) is tuple else (one,)
            if one is None or (position == 2 and kind in (f.VALUE, f.NODE)):
                continue
            if any(type(name) is not str for name in names):
                raise DecodeError("saved state has a shape with a wrong name")
        opener = make_opener(self, kind, tuple(fields))
        if self.classes and fields and str(fields[0])[:1] == "^":
            return opener  # it is of this state only
        openers = self.registry.openers
        if len(openers) >= CACHE_LIMIT:
            openers.clear()
        openers[definition] = opener
        return opener
