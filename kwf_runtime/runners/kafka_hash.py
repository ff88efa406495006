"""murmur2 as Kafka's Java producers compute it, and the partition that follows from it.

librdkafka has it too (`partitioner=murmur2_random`), but does not lend it: we need it to find the
store of a thread, and to see that a record came with another partitioner. Keys come again and
again, so the partitions of recent ones are kept.
"""

from __future__ import annotations

import struct
from functools import lru_cache

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """Return Kafka's 32-bit murmur2 of the bytes, as Java's signed int."""
    size = len(data)
    whole = size & ~3
    h = _SEED ^ size
    for (k,) in struct.iter_unpack("<I", data[:whole]):
        k = (k * _M) & _MASK
        k ^= k >> 24
        h = ((h * _M) & _MASK) ^ ((k * _M) & _MASK)
    if size > whole:
        h ^= int.from_bytes(data[whole:], "little")
        h = (h * _M) & _MASK
    h ^= h >> 13
    h = (h * _M) & _MASK
    h ^= h >> 15
    return h - (1 << 32) if h & 0x80000000 else h


@lru_cache(maxsize=65536)
def partition_for(key: bytes, partitions: int) -> int:
    """Return the partition where a Java producer puts a record with that key."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
