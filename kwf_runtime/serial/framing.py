"""The bytes around a saved graph: header, checksum, and the flat msgpack stream (docs/format.md).

Limits: compression, encryption and deltas have their flags reserved; state with an unknown flag
or version is refused, never guessed at.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Final

import msgpack

from kwf_runtime.errors import DecodeError

MAGIC: Final = b"KWF"
VERSION: Final = 1
HEADER_SIZE: Final = 9
"""magic 3, version 1, flags 1, crc32 of the body 4."""

FLAG_COMPRESSED: Final = 1
FLAG_ENCRYPTED: Final = 2
FLAG_DELTA: Final = 4

MAX_UINT: Final = 2**64 - 1
SHORT: Final = 64
"""Strings up to this many characters are numbered by their text, longer ones by identity."""
SHAPE_LIMIT: Final = 4096
"""Most names in one array of a shape."""
BULK_LIMIT: Final = 4096
"""Bodies up to this size are decoded in one call.

Nested array headers make msgpack allocate depth (1,024) * length pointers before it looks further:
at most 32 MB for such a body. Longer ones are decoded element by element, arrays limited.
"""

# Negative integers of the stream are tags. -1 … -32 take one byte.
REF: Final = -1
STRING: Final = -2
NEGATIVE: Final = -3
BIG: Final = -4
LIST: Final = -5
DICT: Final = -6
TUPLE: Final = -7
TUPLE_0: Final = -8
TUPLE_1: Final = -9
TUPLE_2: Final = -10
TUPLE_3: Final = -11
SET: Final = -12
FROZENSET: Final = -13
BYTEARRAY: Final = -14
CELL: Final = -15
EMPTY_CELL: Final = -16
UNBOUND_TAG: Final = -17
EMPTY_LIST: Final = -18
EMPTY_DICT: Final = -19
CLASSES: Final = -20
SHAPE_0: Final = -33
"""Shape n is the tag SHAPE_0 - n."""

# Kinds of shapes: the first element of a shape's array.
RECORD: Final = 0  # keys…                                a dict with these keys
GLOBAL: Final = 1  # name                                 what a module defines or lists
INSTANCE: Final = 2  # class, attributes…
DERIVED: Final = 3  # class, base, attributes…            an instance of a subclass of a builtin
VALUE: Final = 4  # type, count                           immutable, without identity
NODE: Final = 5  # type, count                            with identity
MEMBER: Final = 6  # enum class, member name
ERROR: Final = 7  # class, fields…
FUNCTION: Final = 8  # code id, [cells], [fields]
FRAME: Final = 9  # frame class, code id, label, [slots], [cells], [fields]
HOOKED: Final = 10  # class                               its own state, one child

CLASS_BODY: Final = 11  # class, attributes…               of a class at the head of the stream


def pack(stream: list[Any]) -> bytes:
    """Return the bytes of a stream, with their header."""
    body: bytes
    try:
        body = msgpack.packb(stream)
    except UnicodeEncodeError:  # rare, and to allow for it slows down every string
        body = msgpack.packb(stream, unicode_errors="surrogatepass")
    return b"".join((MAGIC, b"\x01\x00", zlib.crc32(body).to_bytes(4, "big"), body))


def unpack(data: bytes) -> Sequence[Any]:
    """Check the header of saved bytes and return their stream.

    Raises:
        DecodeError: the bytes are not saved state of a version that is known here.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"saved state is bytes, not {type(data).__name__}")
    data = bytes(data)
    if len(data) < HEADER_SIZE + 1 or data[:3] != MAGIC:
        raise DecodeError("these bytes are not saved state: no KWF header")
    if data[3] != VERSION:
        raise DecodeError(
            f"saved state has format version {data[3]}, this kwf reads {VERSION}: upgrade kwf"
        )
    if data[4]:
        raise DecodeError(f"saved state has flags {data[4]:#x} that this kwf does not know")
    body = memoryview(data)[HEADER_SIZE:]
    if zlib.crc32(body) != int.from_bytes(data[5:HEADER_SIZE], "big"):
        raise DecodeError("saved state is damaged: its checksum does not match")
    try:
        return _bulk(body) if len(body) <= BULK_LIMIT else _one_by_one(body)
    except (ValueError, msgpack.exceptions.UnpackException) as error:
        raise DecodeError(
            f"saved state is not well-formed: {error or type(error).__name__}"
        ) from error


def _bulk(body: memoryview) -> Sequence[Any]:
    stream: object = msgpack.unpackb(
        body, unicode_errors="surrogatepass", use_list=False, max_map_len=0, max_ext_len=0
    )
    if not isinstance(stream, tuple):
        raise DecodeError("saved state is not well-formed: no array")
    return stream


def _one_by_one(body: memoryview) -> Sequence[Any]:
    count, start = _array_header(body)
    size = len(body)
    unpacker = msgpack.Unpacker(
        unicode_errors="surrogatepass",
        use_list=False,
        max_buffer_size=size,
        max_str_len=size,
        max_bin_len=size,
        max_array_len=SHAPE_LIMIT,
        max_map_len=0,
        max_ext_len=0,
    )
    unpacker.feed(body[start:])
    stream = list(unpacker)
    if len(stream) != count or unpacker.tell() != size - start:
        raise DecodeError("saved state is not well-formed: its length is wrong")
    return stream


def _array_header(body: memoryview) -> tuple[int, int]:
    first = body[0]
    if first & 0xF0 == 0x90:
        return first & 0x0F, 1
    if first == 0xDC:
        return int.from_bytes(body[1:3], "big"), 3
    if first == 0xDD:
        return int.from_bytes(body[1:5], "big"), 5
    raise DecodeError("saved state is not well-formed: no array")
