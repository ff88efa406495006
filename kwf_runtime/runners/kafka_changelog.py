"""The bytes of the changelog topic, `<application.id>-workflow-state-changelog`.

The topic is compacted and has as many partitions as `workflow-resume`; a record lies in the
partition of the thread (or of the timer's key) that it is about. A null value removes. Keys and
values:

====================  ======================================================================
`t:<thread id>`       a thread: head (below), then `ThreadRecord.encode()` unless it is cut
`k:<n><thread id>`    piece n (4 bytes, from 0) of a record that is over a message's size
`s:<timer key>`       a timer of the scheduler: version byte, due ms (8 bytes)
`p:`                  how far the partition has been applied: version byte, next offset of
                      `workflow-resume` and of `workflow-scheduler` (8 bytes each, -1: none)
`c:<code id>`         the layouts of a compiled function, for tools that do not load the code
====================  ======================================================================

The head of a thread: version byte, flags (bit 0: it is due at a time, bit 1: it has activity
calls, bit 2: it is parked), number of pieces (4 bytes), due ms (8 bytes). All numbers are
big-endian. Records of one transaction are complete together, so pieces and head always fit once a
reader is at the end. Version 1.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from kwf_runtime.errors import DecodeError
from kwf_runtime.runners.envelope import ThreadRecord

THREAD: Final = b"t:"
PIECE: Final = b"k:"
TIMER: Final = b"s:"
POSITION: Final = b"p:"
CODE: Final = b"c:"

VERSION: Final = 1
NO_OFFSET: Final = -1
_HEAD: Final = struct.Struct(">BBIq")
_DUE: Final = struct.Struct(">Bq")
_OFFSETS: Final = struct.Struct(">Bqq")
_HAS_DUE: Final = 1
_HAS_CALLS: Final = 2
_PARKED: Final = 4

Changes = dict[bytes, bytes | None]
"""Records of the changelog by key; None removes."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a store has to know of a thread without decoding its record."""

    due_ms: int | None
    has_calls: bool
    parked: bool
    pieces: int


@dataclass(frozen=True, slots=True)
class Position:
    """The next offsets of a partition's two topics that have not been applied."""

    resume: int = NO_OFFSET
    scheduler: int = NO_OFFSET


def thread_key(thread_id: str) -> bytes:
    """Return the key of a thread's record."""
    return THREAD + thread_id.encode()


def piece_key(key: bytes, number: int) -> bytes:
    """Return the key of one piece of the record of a thread, given by its key."""
    return PIECE + number.to_bytes(4, "big") + key[len(THREAD) :]


def thread_changes(
    key: bytes, record: ThreadRecord | None, old: Head | None, piece_bytes: int
) -> Changes:
    """Return what to write for a thread: its record, cut in pieces if need be, or its removal.

    Args:
        key: From `thread_key`.
        record: What is kept from now on; None if the thread has ended.
        old: Head of what was kept before; None if nothing was.
        piece_bytes: How many bytes a value may have.
    """
    changes: Changes = {}
    pieces = 0
    if record is None:
        if old is not None:
            changes[key] = None
    else:
        data = record.encode()
        if len(data) + _HEAD.size > piece_bytes:
            for start in range(0, len(data), piece_bytes):
                changes[piece_key(key, pieces)] = data[start : start + piece_bytes]
                pieces += 1
            data = b""
        changes[key] = _encode_head(record, pieces) + data
    for number in range(pieces, old.pieces if old is not None else 0):
        changes[piece_key(key, number)] = None
    return changes


def _encode_head(record: ThreadRecord, pieces: int) -> bytes:
    due_ms = record.wake_ms
    flags = (_HAS_DUE if due_ms is not None else 0) | (_HAS_CALLS if record.calls else 0)
    flags |= _PARKED if record.status == "parked" else 0
    return _HEAD.pack(VERSION, flags, pieces, due_ms or 0)


def decode_head(value: bytes) -> Head:
    """Read the head of a thread's value.

    Raises:
        DecodeError: It is damaged, or of a newer version.
    """
    try:
        version, flags, pieces, due_ms = _HEAD.unpack_from(value)
    except struct.error as error:
        raise DecodeError(f"a thread's changelog record is cut short: {error}") from error
    _check_version(version)
    return Head(
        due_ms if flags & _HAS_DUE else None,
        bool(flags & _HAS_CALLS),
        bool(flags & _PARKED),
        pieces,
    )


def thread_body(value: bytes) -> bytes:
    """Return what follows the head of a thread's value: its record, if that is not cut."""
    return value[_HEAD.size :]


def encode_due(due_ms: int) -> bytes:
    """Return the value of a timer."""
    return _DUE.pack(VERSION, due_ms)


def decode_due(value: bytes) -> int:
    """Return when a timer is due, from its value.

    Raises:
        DecodeError: It is damaged, or of a newer version.
    """
    try:
        version, due_ms = _DUE.unpack(value)
    except struct.error as error:
        raise DecodeError(f"a timer's changelog record is damaged: {error}") from error
    _check_version(version)
    return int(due_ms)


def encode_position(position: Position) -> bytes:
    """Return the value of the position's record."""
    return _OFFSETS.pack(VERSION, position.resume, position.scheduler)


def decode_position(value: bytes) -> Position:
    """Read the value of the position's record.

    Raises:
        DecodeError: It is damaged, or of a newer version.
    """
    try:
        version, resume, scheduler = _OFFSETS.unpack(value)
    except struct.error as error:
        raise DecodeError(f"the changelog's position is damaged: {error}") from error
    _check_version(version)
    return Position(resume, scheduler)


def _check_version(version: int) -> None:
    if version != VERSION:
        raise DecodeError(
            f"the changelog has format version {version}, this kwf reads {VERSION}: "
            "use the version of kwf that wrote it, or a newer one"
        )
