"""What a store keeps for one thread, and its bytes.

The bytes are the same on every runner (a row of SQLite, a value of Kafka's changelog);
docs/format.md, section "Store", specifies them. The state inside is opaque here: only
`kwf_runtime.serial` reads it.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Literal

import msgpack

from kwf_runtime.errors import DecodeError
from kwf_runtime.runners.records import Record

Status = Literal["waiting", "parked", "buffered"]

VERSION = 1
CODE_MISSING = "code-missing"
"""The code in the reason of a thread that is parked because its code is not loaded."""
_MAGIC = b"KT"
_HEAD = struct.Struct(">2sBI")
_STATUSES: tuple[Status, ...] = ("waiting", "parked", "buffered")
_FIELD_COUNT = 11
_RECORD_FIELD_COUNT = 7


@dataclass(frozen=True, slots=True)
class ThreadRecord:
    """What a store keeps for one thread.

    Attributes:
        thread_id: The thread's id: the key of its records.
        workflow: Name of its workflow; empty while no `new:` record has come ("buffered").
        status: "waiting" for events; "parked" until a retry (`reason` says why); "buffered": only
            events that came before their `new:` record (`workflow.unmatched=buffer`).
        position: Offset of the last record that was applied: names the steps; -1 before the first.
        sub: Number of the steps since then that have no offset of their own.
        seen: Offset of the last record that was applied or kept: what is not above is a duplicate.
        due_ms: When the thread's earliest own timer is due.
        calls: Pending activity calls, encoded (see `kwf_runtime.runners.calls`).
        state: The saved thread; None before its first step was saved.
        reason: Why the thread is parked, as "code: message".
        kept: Events that wait: for a retry, or (buffered) for somebody to want them.
    """

    thread_id: str
    workflow: str
    status: Status = "waiting"
    position: int = -1
    sub: int = 0
    seen: int = -1
    due_ms: int | None = None
    calls: tuple[bytes, ...] = ()
    state: bytes | None = None
    reason: str | None = None
    kept: tuple[Record, ...] = ()

    @property
    def wake_ms(self) -> int | None:
        """When the runner has to step the thread for its timers; a parked thread sleeps on."""
        return self.due_ms if self.status == "waiting" else None

    @property
    def lacks_code(self) -> bool:
        """Whether the thread is parked because its code was not loaded."""
        return self.status == "parked" and (self.reason or "").startswith(f"{CODE_MISSING}:")

    def encode(self) -> bytes:
        """Return the versioned bytes that `decode` reads."""
        body: bytes = msgpack.packb(
            (
                self.thread_id,
                self.workflow,
                _STATUSES.index(self.status),
                self.position,
                self.sub,
                self.seen,
                self.due_ms,
                self.calls,
                self.state,
                self.reason,
                [
                    (r.topic, r.partition, r.offset, r.timestamp_ms, r.key, r.value, r.headers)
                    for r in self.kept
                ],
            ),
            use_bin_type=True,
        )
        return _HEAD.pack(_MAGIC, VERSION, zlib.crc32(body)) + body

    @classmethod
    def load(cls, thread_id: str, data: bytes) -> ThreadRecord:
        """Read the bytes of `encode`; bytes that cannot be read give a parked thread.

        So a damaged entry of a store is one thread's problem: its events are kept, and the damaged
        bytes stay at hand as its state.
        """
        try:
            return cls.decode(data)
        except DecodeError as error:
            return cls(thread_id, "", "parked", state=data, reason=f"damaged-state: {error}")

    @classmethod
    def decode(cls, data: bytes) -> ThreadRecord:
        """Read the bytes of `encode`.

        Raises:
            DecodeError: The bytes are damaged, foreign, or of a newer version.
        """
        if len(data) < _HEAD.size:
            raise DecodeError(f"a thread's record is cut short: {len(data)} bytes")
        magic, version, checksum = _HEAD.unpack_from(data)
        if magic != _MAGIC:
            raise DecodeError(f"not a thread's record: it starts with {magic!r}")
        if version != VERSION:
            raise DecodeError(
                f"a thread's record has format version {version}, this kwf reads {VERSION}: "
                "use the version of kwf that wrote it, or a newer one"
            )
        body = memoryview(data)[_HEAD.size :]
        if zlib.crc32(body) != checksum:
            raise DecodeError("a thread's record is damaged: its checksum differs")
        try:
            fields = msgpack.unpackb(body, raw=False, use_list=False)
            return _from_fields(fields)
        except (ValueError, TypeError, IndexError, msgpack.UnpackException) as error:
            raise DecodeError(f"a thread's record is malformed: {error}") from error


def _from_fields(fields: tuple[object, ...]) -> ThreadRecord:
    if not isinstance(fields, tuple) or len(fields) != _FIELD_COUNT:
        raise ValueError(f"{_FIELD_COUNT} fields expected")
    thread_id, workflow, status, position, sub, seen, due_ms, calls, state, reason, kept = fields
    if not (isinstance(thread_id, str) and isinstance(workflow, str) and isinstance(status, int)):
        raise ValueError("thread id, workflow or status has a wrong type")
    if not (isinstance(position, int) and isinstance(sub, int) and isinstance(seen, int)):
        raise ValueError("position has a wrong type")
    if not (due_ms is None or isinstance(due_ms, int)):
        raise ValueError("due time has a wrong type")
    if not (state is None or isinstance(state, bytes)):
        raise ValueError("state has a wrong type")
    if not (reason is None or isinstance(reason, str)):
        raise ValueError("reason has a wrong type")
    if not (isinstance(calls, tuple) and all(isinstance(call, bytes) for call in calls)):
        raise ValueError("calls have a wrong type")
    if not isinstance(kept, tuple) or not 0 <= status < len(_STATUSES):
        raise ValueError("status or kept events are wrong")
    return ThreadRecord(
        thread_id,
        workflow,
        _STATUSES[status],
        position,
        sub,
        seen,
        due_ms,
        calls,
        state,
        reason,
        tuple(_record_from(item) for item in kept),
    )


def _record_from(item: object) -> Record:
    if not isinstance(item, tuple) or len(item) != _RECORD_FIELD_COUNT:
        raise ValueError("a kept event is malformed")
    return Record(*item)
