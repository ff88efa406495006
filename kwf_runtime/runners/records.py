"""Records of a log, as every runner reads and writes them.

A `Record` has a place in a log (topic, partition, offset); an `OutRecord` gets one when it is
committed. Keys and values are bytes: what they mean is the business of `kwf_runtime.wire`.
"""

from __future__ import annotations

from dataclasses import dataclass

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A record as read from a log.

    Attributes:
        topic: Name of the topic.
        partition: Partition of the topic; 0 on runners that have no partitions.
        offset: Position in the partition: grows, and names the step that the record causes.
        timestamp_ms: When it was written, in ms since the epoch; -1 if the log does not know.
        key: Key, or None.
        value: Value, or None (a tombstone).
        headers: Pairs of name and value in the order in which they were written.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def size(self) -> int:
        """Bytes of key, value and headers."""
        return _size(self.key, self.value, self.headers)

    def header(self, name: str) -> bytes | None:
        """Return the value of the last header of that name; None if there is none."""
        for other, value in reversed(self.headers):
            if other == name:
                return value
        return None

    def has_header(self, name: str) -> bool:
        """Tell whether there is a header of that name, whatever its value."""
        return any(other == name for other, _ in self.headers)


@dataclass(frozen=True, slots=True)
class OutRecord:
    """A record to be written; see `Record` for the fields."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def size(self) -> int:
        """Bytes of key, value and headers."""
        return _size(self.key, self.value, self.headers)


def _size(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    size = len(key or b"") + len(value or b"")
    for name, content in headers:
        size += len(name) + len(content or b"")
    return size
