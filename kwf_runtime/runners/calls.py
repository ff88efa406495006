"""Pending activity calls and their outcomes, as bytes.

A call is stored with its thread, so that it runs again after a restart; the step that takes its
outcome removes it. Arguments and results cross as bytes of the codec: an activity can never change
an object that the workflow holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol, cast

import msgpack

from kwf_runtime.core.events import ActivityDone
from kwf_runtime.core.outputs import ActivityOptions, CallActivity
from kwf_runtime.errors import ActivityError, DecodeError
from kwf_runtime.runners.records import Record

OUTCOME_TOPIC: Final = ""
"""Topic of the outcomes that are kept with a thread: no log has it."""

_Body = tuple[str, tuple[object, ...], dict[str, object], ActivityOptions]


class Codec(Protocol):
    """Saves and loads object graphs; `kwf_runtime.serial` is the one of production."""

    def dumps(self, obj: object, /) -> bytes:
        """Return the bytes of the graph, or raise UnsavableError."""

    def loads(self, data: bytes, /) -> object:
        """Return the graph, or raise DecodeError or CodeMissingError."""


@dataclass(frozen=True, slots=True)
class ActivityOutcome:
    """How an activity ended for good.

    Attributes:
        thread_id: The thread that called it.
        call_id: Which call of that thread.
        value: The saved result; None if it failed.
        failure: Type, message, attempts and traceback of the failure; None if it did not fail.
    """

    thread_id: str
    call_id: str
    value: bytes | None = None
    failure: tuple[str, str, int, str] | None = None

    def as_record(self, now_ms: int) -> Record:
        """Return the outcome in the form in which a parked thread keeps its events."""
        body: bytes = msgpack.packb(
            (self.call_id, self.value, self.failure), unicode_errors="backslashreplace"
        )
        return Record(OUTCOME_TOPIC, 0, -1, now_ms, self.thread_id.encode(), body)


def decode_outcome(record: Record, codec: Codec) -> ActivityDone:
    """Return the event of a record that `as_record` made.

    Raises:
        DecodeError: The result cannot be loaded by the code of this process.
    """
    try:
        call_id, value, failure = msgpack.unpackb(record.value or b"", use_list=False)
    except (ValueError, msgpack.UnpackException) as error:
        raise DecodeError(f"a kept outcome of an activity is malformed: {error}") from error
    if failure is not None:
        return ActivityDone(call_id, error=ActivityError(*failure))
    return ActivityDone(call_id, codec.loads(value))


def encode_call(call: CallActivity, codec: Codec) -> bytes:
    """Return the bytes of a call, as a thread's record holds them."""
    body = codec.dumps((call.name, call.args, call.kwargs, call.options))
    data: bytes = msgpack.packb((call.call_id, body))
    return data


def decode_call(data: bytes, codec: Codec) -> CallActivity:
    """Return the call that `encode_call` encoded.

    Raises:
        DecodeError: The arguments cannot be loaded by the code of this process.
    """
    call_id, body = _split(data)
    name, args, kwargs, options = cast("_Body", codec.loads(body))
    return CallActivity(call_id, name, args, kwargs, options)


def call_id_of(data: bytes) -> str:
    """Return the id of an encoded call; its arguments are not loaded."""
    return _split(data)[0]


def without(encoded: Iterable[bytes], call_id: str) -> tuple[bytes, ...]:
    """Return the encoded calls but the one of that id."""
    return tuple(call for call in encoded if call_id_of(call) != call_id)


def contains(encoded: Iterable[bytes], call_id: str) -> bool:
    """Tell whether the call of that id is among the encoded calls."""
    return any(call_id_of(call) == call_id for call in encoded)


def _split(data: bytes) -> tuple[str, bytes]:
    try:
        call_id, body = msgpack.unpackb(data, use_list=False)
    except (ValueError, msgpack.UnpackException) as error:
        raise DecodeError(f"a pending call of an activity is malformed: {error}") from error
    return call_id, body
