"""Exceptions: arguments, attributes, chain, notes and traceback.

A traceback is saved as (file, line, function) and comes back as one that can be raised again and
printed: its frames are those of empty functions with these names.

Limits: frames come back without their variables; of a traceback longer than 200 entries the
outermost and the innermost 100 are kept.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, Final

from kwf_runtime.errors import DecodeError
from kwf_runtime.serial import framing as f
from kwf_runtime.serial.classes import (
    class_name,
    make_setter,
    per_class,
    resolve_class,
    slot_descriptors,
    solid_base,
)
from kwf_runtime.serial.opening import Items, Opened, Opener
from kwf_runtime.serial.reader import Reader
from kwf_runtime.serial.writer import Writer

_HALF: Final = 100
_DUNDERS: Final = ("args", "cause", "context", "suppress", "traceback")
_MEMBERS: Final[dict[type[BaseException], tuple[str, ...]]] = {
    StopIteration: ("value",),
    SystemExit: ("code",),
    ImportError: ("msg", "name", "path"),
    OSError: ("errno", "strerror", "filename", "filename2"),
    NameError: ("name",),
    AttributeError: ("name", "obj"),
    SyntaxError: ("msg", "filename", "lineno", "offset", "text", "end_lineno", "end_offset"),
    UnicodeEncodeError: ("encoding", "object", "start", "end", "reason"),
    UnicodeDecodeError: ("encoding", "object", "start", "end", "reason"),
    UnicodeTranslateError: ("object", "start", "end", "reason"),
}
"""Attributes that builtin exceptions keep in C."""


def save_error(writer: Writer, value: BaseException) -> Iterator[Any]:
    """Write an exception."""
    kind = type(value)
    writer.memo[id(value)] = len(writer.memo)
    fields: dict[str, Any] = {}
    if value.args:
        fields[".args"] = value.args
    if value.__cause__ is not None:
        fields[".cause"] = value.__cause__
    if value.__context__ is not None:
        fields[".context"] = value.__context__
    if value.__suppress_context__:
        fields[".suppress"] = True
    if value.__traceback__ is not None:
        fields[".traceback"] = _entries(value.__traceback__)
        writer.keep(fields[".traceback"])
    for name in _members(kind):
        member = getattr(value, name, None)
        if member is not None:
            fields[f"={name}"] = member
    for name, descriptor in slot_descriptors(kind).items():
        try:
            fields[name] = descriptor.__get__(value)
        except AttributeError:
            continue
    fields.update(value.__dict__)
    key = (kind, *fields)
    tag = writer.tag(key)
    if tag is None:
        tag = writer.shape(key, f.ERROR, class_name(kind, writer, value), *fields)
    writer.stream.append(tag)
    return iter(fields.values())


@per_class
def _members(kind: type[BaseException]) -> tuple[str, ...]:
    return next((names for base, names in _MEMBERS.items() if issubclass(kind, base)), ())


def _entries(traceback: types.TracebackType | None) -> tuple[tuple[str, int, str], ...]:
    """Return file, line and function of each entry, the outermost first."""
    entries = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        entries.append((code.co_filename, traceback.tb_lineno or 0, code.co_name))
        traceback = traceback.tb_next
    if len(entries) > 2 * _HALF:
        entries[_HALF:-_HALF] = []
    return tuple(entries)


def error_opener(reader: Reader, name: str, *names: str) -> Opener:
    """Read exceptions of one class with these fields."""
    kind = resolve_class(reader, name)
    if not issubclass(kind, BaseException):
        raise DecodeError(f"saved state uses {name} as an exception class, and it is none")
    size, fill = len(names), _make_fill(kind, name, names)
    base: Any = solid_base(kind)
    if base is BaseException or not issubclass(kind, BaseExceptionGroup):

        def open_error(reader: Reader) -> Opened:
            target = base.__new__(kind)
            reader.refs.append(target)
            return size, fill, target

        return open_error
    if ".args" not in names:
        raise DecodeError("saved state has an exception group without its exceptions")
    args = names.index(".args")

    def build(items: Items) -> Any:
        message, members = items[args]
        target = BaseExceptionGroup.__new__(kind, message, members)
        fill(target, items)
        return target

    def open_group(reader: Reader) -> Opened:
        reader.refs.append(None)
        return size, build, len(reader.refs) - 1

    return open_group


def _make_fill(
    kind: type[BaseException], name: str, names: tuple[str, ...]
) -> Callable[[Any, Items], None]:
    known = _members(kind)
    for one in names:
        if (one[:1] == "." and one[1:] not in _DUNDERS) or (
            one[:1] == "=" and one[1:] not in known
        ):
            raise DecodeError(f"saved state has an unknown field {one!r} of an exception")
    special = [(index, one) for index, one in enumerate(names) if one[:1] in (".", "=")]
    plain = [index for index, one in enumerate(names) if one[:1] not in (".", "=")]
    set_plain = make_setter(kind, name, tuple(names[index] for index in plain))

    def fill(target: BaseException, items: Items) -> None:
        for index, one in special:
            _SETTERS.get(one, _set_member)(target, items[index], one)
        if plain:
            set_plain(target, [items[index] for index in plain])

    return fill


def _set_member(target: Any, value: Any, name: str) -> None:
    setattr(target, name[1:], value)


def _set_args(target: BaseException, value: Any, name: str) -> None:
    target.args = value


def _set_cause(target: BaseException, value: Any, name: str) -> None:
    suppress = target.__suppress_context__
    target.__cause__ = value
    target.__suppress_context__ = suppress


def _set_context(target: BaseException, value: Any, name: str) -> None:
    target.__context__ = value


def _set_suppress(target: BaseException, value: Any, name: str) -> None:
    target.__suppress_context__ = bool(value)


def _set_traceback(target: BaseException, value: Any, name: str) -> None:
    target.__traceback__ = _traceback(value)


_SETTERS: Final[dict[str, Callable[[Any, Any, str], None]]] = {
    ".args": _set_args,
    ".cause": _set_cause,
    ".context": _set_context,
    ".suppress": _set_suppress,
    ".traceback": _set_traceback,
}


def _traceback(entries: Any) -> types.TracebackType | None:
    """Make a traceback of what ``_entries`` returned."""
    if type(entries) is not tuple or len(entries) > 2 * _HALF:
        raise DecodeError("saved state has a wrong traceback")
    traceback: types.TracebackType | None = None
    for filename, line, name in reversed(entries):
        if type(filename) is not str or type(line) is not int or type(name) is not str:
            raise DecodeError("saved state has a wrong traceback")
        # lasti -1: the line is that of the entry, not what the empty function's code says
        traceback = types.TracebackType(traceback, _frame(filename, name), -1, line)
    return traceback


def _template() -> types.FrameType:
    return sys._getframe()


@functools.lru_cache(4096)
def _frame(filename: str, name: str) -> types.FrameType:
    """Return a finished frame of an empty function with this name in this file."""
    code = _template.__code__.replace(co_filename=filename, co_name=name, co_qualname=name)
    namespace = {"sys": sys, "__name__": "kwf.saved", "__file__": filename}
    frame: types.FrameType = types.FunctionType(code, namespace)()
    return frame
