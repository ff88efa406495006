"""The wire protocol: bytes of records ⇄ events of the engine (contract of the topics).

Byte-compatible with awto/kafka-workflow: `new:<json>`, `{"ref": …, "value"|"error": …}`, and
`<thread id>|<json>` with a delay on the scheduler's topic. Reading is strict where Python's `json`
is lax (NaN, 1e400, duplicate keys, lone surrogates, endless digits, endless nesting): whatever a
step could not save or send on is refused here, with a reason, and ends as a dead letter. Every
function that reads raises `WireError` and nothing else, whatever the bytes are.

Choices where the protocol is silent:

* neither `value` nor `error`: the value is None (JavaScript's producers leave out `undefined`);
* both: the error counts, unless it is null (producers that write out every field of a class);
* other members of the object are ignored.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Final, NoReturn

from kwf_runtime.core.events import Resume, Start
from kwf_runtime.errors import WireError

RESUME_TOPIC: Final = "workflow-resume"
SCHEDULER_TOPIC: Final = "workflow-scheduler"

WORKFLOW_HEADER: Final = "workflow"
IF_ABSENT_HEADER: Final = "if-absent"
COMMAND_HEADER: Final = "kwf-command"
TRACEBACK_HEADER: Final = "traceback"
CANCEL_COMMAND: Final = b"cancel"
RETRY_COMMAND: Final = b"retry"
UNKNOWN_WORKFLOW: Final = "unknown-workflow"
"""Code of the WireError of a `new:` record for a workflow that is not loaded."""

MAX_THREAD_ID_BYTES: Final = 4096
MAX_JSON_DEPTH: Final = 500
MAX_INT_DIGITS: Final = 4300  # CPython's own default, kept even where a process has raised it
MAX_DUE_MS: Final = 253_402_300_799_999  # the last millisecond of the year 9999
_DELAY = re.compile(rb"[0-9]{1,19}")
_NEW = "new:"
_NEW_NAMED = "new@"
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]')


@dataclass(frozen=True, slots=True)
class TimerChange:
    """What a record of the scheduler's topic asks for; `due_ms` None cancels."""

    key: bytes
    due_ms: int | None


def decode_thread_id(key: bytes | None) -> str:
    """Return the thread id in a record's key.

    Raises:
        WireError: There is no key, or it cannot be a thread id.
    """
    if key is None:
        raise WireError("no-key", "the record has no key: the key is the thread id")
    if not key:
        raise WireError("bad-key", "the key is empty: the key is the thread id")
    if len(key) > MAX_THREAD_ID_BYTES:
        raise WireError("bad-key", f"the key has {len(key)} bytes, over {MAX_THREAD_ID_BYTES}")
    try:
        text = key.decode()
    except UnicodeDecodeError as error:
        raise WireError("bad-key", f"the key is not UTF-8: {error}") from error
    if "|" in text:
        raise WireError("bad-key", "a thread id cannot contain '|': it ends the id in timer keys")
    return text


def decode_event(value: bytes | None, workflow: str = "") -> Start | Resume:
    """Return the event that the value of a `workflow-resume` record stands for.

    Args:
        value: The record's value.
        workflow: Name of the workflow that a plain `new:` starts ("" for the program's default).

    Raises:
        WireError: The value is not of the protocol.
    """
    text = _decode_text(value)
    if text.startswith(_NEW):
        return Start(workflow, decode_json(text[len(_NEW) :]))
    if text.startswith(_NEW_NAMED):
        name, colon, argument = text[len(_NEW_NAMED) :].partition(":")
        if not (colon and name):
            raise WireError("bad-value", "'new@' without a name and ':' (new@NAME:<json>)")
        return Start(name, decode_json(argument))
    body = decode_json(text)
    if not isinstance(body, dict):
        raise WireError("bad-value", f"a JSON object expected, not {_json_type(body)}")
    ref = body.get("ref")
    if not isinstance(ref, str):
        problem = f"is {_json_type(ref)}" if "ref" in body else "is missing"
        raise WireError("bad-value", f'"ref" {problem}: it must be a string')
    if "error" in body and (body["error"] is not None or "value" not in body):
        return Resume(ref, error=body["error"])
    return Resume(ref, body.get("value"))


def decode_timer(key: bytes | None, value: bytes | None, written_ms: int) -> TimerChange:
    """Return what a record of the scheduler's topic asks for.

    Args:
        key: `<thread id>|<json>`: the first '|' ends the id, the JSON may hold more of them.
        value: The delay in ms as a decimal string; None and `0` cancel.
        written_ms: The record's timestamp, from which the delay counts.

    Raises:
        WireError: The key is not of that form, the JSON could not be sent to `workflow-resume`,
            or the delay is not a delay.
    """
    if key is None:
        raise WireError("no-key", "a timer without a key (<thread id>|<json>)")
    split_timer_key(key)
    if value is None:
        return TimerChange(key, None)
    if not _DELAY.fullmatch(value):
        shown = value[:40].decode(errors="backslashreplace")
        raise WireError("bad-delay", f"the delay is not a decimal number of ms: {shown!r}")
    delay_ms = int(value)
    if delay_ms == 0:
        return TimerChange(key, None)
    due_ms = written_ms + delay_ms
    if due_ms > MAX_DUE_MS:
        raise WireError("bad-delay", f"a delay of {delay_ms} ms ends after the year 9999")
    return TimerChange(key, due_ms)


def split_timer_key(key: bytes) -> tuple[bytes, bytes]:
    """Split the key of a timer into the key and the value of the record that it sends.

    Raises:
        WireError: The key is not `<thread id>|<json>`, or the JSON is no event.
    """
    thread_id, bar, value = key.partition(b"|")
    if not bar:
        raise WireError("bad-key", "a timer's key without '|' (<thread id>|<json>)")
    decode_thread_id(thread_id)
    try:
        decode_event(value)
    except WireError as error:
        raise WireError("bad-key", f"a timer's key whose JSON is no event: {error}") from error
    return thread_id, value


def timer_prefix(thread_id: str) -> bytes:
    """Return how the keys of a thread's timers begin."""
    return thread_id.encode() + b"|"


def decode_json(text: str) -> object:
    """Parse JSON strictly (RFC 8259 and what UTF-8 and a saved state can hold).

    Raises:
        WireError: The text is not JSON, or holds what Python's parser alone would let through.
    """
    _check_depth(text)
    try:
        value: object = _DECODER.decode(text)
    except WireError:
        raise
    except (ValueError, RecursionError) as error:
        raise WireError("bad-json", f"not JSON: {error}") from error
    # Only an escape can bring a lone surrogate into text that was UTF-8.
    if "\\u" in text and _has_lone_surrogate(value):
        raise WireError("bad-json", "the JSON has a lone surrogate, which is no character")
    return value


def encode_start(argument: object, workflow: str | None = None) -> bytes:
    """Return the value of the record that starts a thread."""
    prefix = _NEW if workflow is None else f"{_NEW_NAMED}{workflow}:"
    return (prefix + encode_json(argument)).encode()


def encode_resume(ref: str, value: object = None) -> bytes:
    """Return the value of the record that settles a suspension with a value."""
    return encode_json({"ref": ref, "value": value}).encode()


def encode_reject(ref: str, error: object) -> bytes:
    """Return the value of the record that settles a suspension with an error."""
    return encode_json({"ref": ref, "error": error}).encode()


def encode_json(value: object) -> str:
    """Return compact JSON.

    Raises:
        WireError: The value has no JSON, or none that UTF-8 can hold.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise WireError("bad-json", f"no JSON for this value: {error}") from error
    return text


def _decode_text(value: bytes | None) -> str:
    if value is None:
        raise WireError("no-value", "the record has no value (a tombstone)")
    if not value:
        raise WireError("bad-value", "the value is empty")
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise WireError("bad-value", f"the value is not UTF-8: {error}") from error
    if text.startswith("\ufeff"):
        raise WireError("bad-value", "the value starts with a byte order mark")
    return text


def _check_depth(text: str) -> None:
    # The count is a bound of the depth and nearly always enough; only then are strings skipped.
    if text.count("[") + text.count("{") <= MAX_JSON_DEPTH:
        return
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        first = match.group()[0]
        if first in "[{":
            depth += 1
            if depth > MAX_JSON_DEPTH:
                raise WireError("bad-json", f"the JSON is nested over {MAX_JSON_DEPTH} levels")
        elif first != '"':
            depth -= 1


def _has_lone_surrogate(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"


def _object_of(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise WireError("bad-json", f"the JSON has the member {name[:80]!r} twice")
            seen.add(name)
    return members


def _parse_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise WireError("bad-json", f"the number {text[:40]} is out of range")
    return number


def _parse_int(text: str) -> int:
    if len(text) > MAX_INT_DIGITS:
        raise WireError("bad-json", f"a number of {len(text)} digits, over {MAX_INT_DIGITS}")
    return int(text)


def _refuse_constant(name: str) -> NoReturn:
    raise WireError("bad-json", f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object_of,
    parse_float=_parse_float,
    parse_int=_parse_int,
    parse_constant=_refuse_constant,
)
