"""The structure of saved state, without any of its classes or code: for ``kwf show`` and debuggers.

Nothing is resolved: a name in the bytes stays a name. Shared and cyclic parts are one ``Node``.

Limits: a library type is shown by the fields it is saved as.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from kwf_runtime.errors import DecodeError
from kwf_runtime.serial import framing as f
from kwf_runtime.serial.framing import unpack

_BRACKETS: Final = {"list": "[]", "tuple": "()", "set": "{}", "frozenset": "{}"}
_MAX_DEPTH: Final = 20


@dataclass(slots=True, eq=False)
class Node:
    """One value of saved state.

    Attributes:
        kind: ``leaf`` (value in ``value``), ``list``, ``tuple``, ``set``, ``frozenset``, ``dict``,
            ``record`` (a dict whose keys are ``labels``),
            ``object``, ``error``, ``value``, ``member``, ``global``, ``class`` (that a function
            has made), ``function``, ``frame``,
            ``cell`` or ``unbound``.
        name: of an object its class, of a function or frame its code id.
        value: of a leaf the value, of a frame its label (None: ended, ``""``: not started).
        labels: the names of ``items``, if they have names.
        items: the children; of a dict keys and values in turn.
        variables: of a frame or function, the names among ``labels`` that are its variables.
        number: the number of a value with identity.
    """

    kind: str
    name: str = ""
    value: Any = None
    labels: tuple[str, ...] = ()
    items: list[Node] = field(default_factory=list)
    variables: tuple[str, ...] = ()
    number: int | None = None

    def get(self, label: str) -> Node | None:
        """Return the child of that name; of a variable in a cell, what the cell holds."""
        if label not in self.labels:
            return None
        item = self.items[self.labels.index(label)]
        if item.kind == "cell" and label in self.variables:
            return item.items[0] if item.items else Node("unbound")
        return item

    def locals(self) -> dict[str, Node]:
        """Return the variables of a frame or a function that have a value."""
        found = {name: self.get(name) for name in self.variables}
        return {
            name: node
            for name, node in found.items()
            if node is not None and node.kind != "unbound"
        }


def inspect_bytes(data: bytes) -> Node:
    """Return the root of saved state.

    Raises:
        DecodeError: the bytes are no saved state, or damaged.
    """
    inspector = _Inspector(iter(unpack(data)))
    try:
        return inspector.read()
    except StopIteration:
        raise DecodeError("saved state ends in the middle of a value") from None
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise DecodeError(f"saved state is wrong: {error}") from error


def walk(root: Node) -> Iterator[Node]:
    """Yield every node once."""
    seen = {id(root)}
    queue = deque((root,))
    while queue:
        node = queue.popleft()
        yield node
        for item in node.items:
            if id(item) not in seen:
                seen.add(id(item))
                queue.append(item)


class _Inspector:
    def __init__(self, stream: Iterator[Any]) -> None:
        self._stream = stream
        self._nodes: list[Node] = []
        self._strings: list[str] = []
        self._shapes: list[tuple[Any, ...]] = []
        self._classes: list[str] = []

    def read(self) -> Node:
        """Read the only value of the stream."""
        root = Node("root")
        parents: list[tuple[Node, int, deque[Node]]] = []
        node, left, cells = root, 1, deque[Node]()
        for element in self._stream:
            if element == f.CLASSES and node is root and not self._nodes:
                left += self._headers()
                continue
            if type(element) is tuple:
                self._shapes.append(element)
                continue
            item, count, new_cells = self._open(element)
            (cells.popleft() if cells else node).items.append(item)
            left -= 1
            if count:
                parents.append((node, left, cells))
                node, left, cells = item, count, new_cells
            while not left:
                if not parents:
                    return root.items[-1]
                node, left, cells = parents.pop()
        raise StopIteration

    def _headers(self) -> int:
        """Read the headers of the classes that the state itself has; return how many there are."""
        count = self._count()
        for _ in range(count):
            code_id = next(self._stream)[0]
            self._classes.append(code_id)
            self._numbered(Node("class", code_id))
        return count

    def _class(self, name: str) -> str:
        return self._classes[int(name[1:])] if name[:1] == "^" else name

    def _open(self, element: Any) -> tuple[Node, int, deque[Node]]:
        """Return the node of an element, how many children follow, and cells that come first."""
        none: deque[Node] = deque()
        if type(element) is not int or element >= 0:
            return self._leaf(element), 0, none
        if element <= f.SHAPE_0:
            return self._shaped(self._shapes[f.SHAPE_0 - element])
        if element == f.REF:
            return self._nodes[self._count()], 0, none
        if element == f.STRING:
            return Node("leaf", value=self._strings[self._count()]), 0, none
        if element == f.NEGATIVE:
            return Node("leaf", value=-1 - self._count()), 0, none
        if element == f.BIG:
            value = int.from_bytes(next(self._stream), "big", signed=True)
            return Node("leaf", value=value), 0, none
        if element == f.UNBOUND_TAG:
            return Node("unbound"), 0, none
        if element == f.BYTEARRAY:
            return self._numbered(Node("leaf", value=next(self._stream))), 0, none
        kind, size = _CONTAINERS[element]
        count = self._count() * (2 if kind == "dict" else 1) if size is None else size
        node = Node(kind)
        if kind not in ("tuple", "frozenset") or count:
            self._numbered(node)
        return node, count, none

    def _leaf(self, value: Any) -> Node:
        node = Node("leaf", value=value)
        if isinstance(value, (str, bytes)) and len(value) > f.SHORT:
            return self._numbered(node)
        if isinstance(value, str):
            self._strings.append(value)
        return node

    def _numbered(self, node: Node) -> Node:
        node.number = len(self._nodes)
        self._nodes.append(node)
        return node

    def _count(self) -> int:
        number = next(self._stream)
        if type(number) is not int or number < 0:
            raise DecodeError("saved state has a wrong reference or count")
        return number

    def _shaped(self, shape: tuple[Any, ...]) -> tuple[Node, int, deque[Node]]:
        kind: Any = shape[0]
        fields: list[Any] = list(shape[1:])
        none: deque[Node] = deque()
        if kind == f.RECORD:
            node = self._numbered(Node("record", labels=tuple(fields)))
            return node, len(fields), none
        if kind == f.GLOBAL:
            return Node("global", fields[0]), 0, none
        if kind == f.CLASS_BODY:
            node = self._nodes[int(fields[0][1:])]
            node.labels = tuple(fields[1:])
            return node, len(node.labels), none
        if kind == f.MEMBER:
            return Node("member", self._class(fields[0]), fields[1]), 0 if fields[1] else 1, none
        if kind == f.VALUE:
            return Node("value", fields[0]), fields[1], none
        if kind == f.NODE:
            return self._numbered(Node("value", fields[0])), fields[1], none
        if kind == f.FUNCTION:
            return self._captured(Node("function", fields[0]), fields[1], (), fields[2])
        if kind == f.FRAME:
            node = Node("frame", fields[1], fields[2])
            return self._captured(node, fields[4], fields[3], fields[5])
        labels = {
            f.INSTANCE: fields[1:],
            f.ERROR: fields[1:],
            f.DERIVED: ("content", *fields[2:]),
            f.HOOKED: ("state",),
        }[kind]
        name = self._class(fields[0])
        node = Node("error" if kind == f.ERROR else "object", name, labels=tuple(labels))
        return self._numbered(node), len(labels), none

    def _captured(
        self, node: Node, cells: Any, slots: Any, others: Any
    ) -> tuple[Node, int, deque[Node]]:
        """Read the cells of a function or a frame, which precede the rest."""
        self._numbered(node)
        node.variables = (*cells, *slots)
        node.labels = (*cells, *slots, *others)
        new: deque[Node] = deque()
        for _ in cells:
            tag = next(self._stream)
            if tag == f.REF:
                node.items.append(self._nodes[self._count()])
                continue
            if tag not in (f.CELL, f.EMPTY_CELL):
                raise DecodeError("saved state has no cell where a captured variable belongs")
            cell = self._numbered(Node("cell"))
            node.items.append(cell)
            if tag == f.CELL:
                new.append(cell)
        return node, len(new) + len(slots) + len(others), new


_CONTAINERS: Final[dict[int, tuple[str, int | None]]] = {
    f.LIST: ("list", None),
    f.EMPTY_LIST: ("list", 0),
    f.DICT: ("dict", None),
    f.EMPTY_DICT: ("dict", 0),
    f.TUPLE: ("tuple", None),
    f.TUPLE_0: ("tuple", 0),
    f.TUPLE_1: ("tuple", 1),
    f.TUPLE_2: ("tuple", 2),
    f.TUPLE_3: ("tuple", 3),
    f.SET: ("set", None),
    f.FROZENSET: ("frozenset", None),
    f.CELL: ("cell", 1),
    f.EMPTY_CELL: ("cell", 0),
}


# Text


def render(node: Node, max_chars: int = 200) -> str:
    """Return a value as ``repr`` would show it, cut to a length."""
    parts: list[str] = []
    left = max_chars
    for part in _parts(node, 0, ()):
        parts.append(part)
        left -= len(part)
        if left < 0:
            return "".join(parts)[: max(0, max_chars - 1)] + "…"
    return "".join(parts)


def _parts(node: Node, depth: int, above: tuple[Node, ...]) -> Iterator[str]:
    if depth > _MAX_DEPTH or node in above:
        yield "…"
        return
    above = (*above, node)
    if node.kind == "leaf":
        yield repr(node.value)
    elif node.kind == "record":
        yield from _joined("{", [repr(label) + ": " for label in node.labels], "}", node, above)
    elif node.kind == "dict":
        yield "{"
        for index in range(0, len(node.items), 2):
            yield ", " if index else ""
            yield from _parts(node.items[index], depth + 1, above)
            yield ": "
            yield from _parts(node.items[index + 1], depth + 1, above)
        yield "}"
    elif node.kind in _BRACKETS:
        brackets = _BRACKETS[node.kind]
        right = ",)" if node.kind == "tuple" and len(node.items) == 1 else brackets[1]
        yield from _joined(brackets[0], [""] * len(node.items), right, node, above)
    elif node.kind == "function":
        yield f"<function {_short(node.name)}>"
    elif node.kind == "frame":
        yield f"<{_short(node.name)} at {_place(node)}>"
    elif node.kind == "member":
        yield f"{_short(node.name)}.{node.value}" if node.value else f"{_short(node.name)}(…)"
    elif node.kind == "error":
        arguments = node.get(".args")
        yield _short(node.name)
        if arguments is None:
            yield "()"
        else:
            yield from _parts(arguments, depth + 1, above)
    elif node.kind == "cell":
        yield from _joined("<cell ", [""] * len(node.items), ">", node, above)
    elif node.kind == "unbound":
        yield "<unbound>"
    elif node.kind in ("global", "class"):
        yield _short(node.name)
    else:
        labels = [f"{label}=" for label in node.labels] or [""] * len(node.items)
        yield from _joined(f"{_short(node.name)}(", labels, ")", node, above)


def _joined(
    left: str, labels: list[str], right: str, node: Node, above: tuple[Node, ...]
) -> Iterator[str]:
    yield left
    for index, (label, item) in enumerate(zip(labels, node.items, strict=True)):
        yield ", " + label if index else label
        yield from _parts(item, len(above), above)
    yield right


def _short(name: str) -> str:
    return name.rpartition(":")[2] or name.rstrip(":")


def _place(node: Node) -> str:
    if node.value is None:
        return "its end"
    return repr(node.value) if node.value else "its start"


def to_json(root: Node) -> Any:
    """Return a JSON-able form; a value met before is ``{"ref": number}``."""
    made: dict[int, dict[str, Any]] = {}
    top: list[Any] = [None]
    todo: list[tuple[Node, Any, Any]] = [(root, top, 0)]
    while todo:
        node, place, key = todo.pop()
        form: Any
        if node.kind == "leaf" and _has_json(node.value):
            form = node.value
        elif id(node) in made:
            form = {"ref": node.number}
        else:
            form = made[id(node)] = _form(node)
            keys = node.labels or range(len(node.items))
            todo += [(item, form["items"], key) for item, key in zip(node.items, keys, strict=True)]
        place[key] = form
    return top[0]


def _has_json(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (bool, int, str))


def _form(node: Node) -> dict[str, Any]:
    form: dict[str, Any] = {"kind": node.kind}
    if node.number is not None:
        form["number"] = node.number
    if node.name:
        form["name"] = node.name
    if node.kind in ("frame", "member"):
        form["label"] = node.value
    if node.kind == "leaf":
        form["text"] = repr(node.value)
    elif node.labels:
        form["items"] = dict.fromkeys(node.labels)
    elif node.items:
        form["items"] = [None] * len(node.items)
    return form
