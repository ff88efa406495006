"""Dead letters: the record that no step could take, whole, with the reason in headers.

The suffixes of the headers are those of Kafka Connect and Kafka Streams, so that their tools read
them; a header of that name that the record already had is kept under the new one (the last counts).
"""

from __future__ import annotations

from typing import Final

from kwf_runtime.runners.records import Headers, OutRecord, Record

PREFIX: Final = "__kwf.errors."
_MESSAGE_LIMIT: Final = 2000


def dead_letter(
    topic: str,
    record: Record,
    reason: str,
    message: str,
    *,
    thread_id: str | None = None,
    exception: BaseException | None = None,
) -> OutRecord:
    """Return the record for the dead-letter topic, with the bytes, key and headers of the original.

    Args:
        topic: Name of the dead-letter topic.
        record: The record that is refused.
        reason: A short code, for machines and metrics.
        message: What is wrong, for people.
        thread_id: The thread it was for, if that is known.
        exception: What was raised, if anything was.
    """
    fields: list[tuple[str, str]] = [
        ("reason", reason),
        ("topic", record.topic),
        ("partition", str(record.partition)),
        ("offset", str(record.offset)),
        ("stage", "join"),
        ("exception.message", message[:_MESSAGE_LIMIT]),
    ]
    if thread_id is not None:
        fields.append(("thread", thread_id))
    if exception is not None:
        kind = type(exception)
        fields.append(("exception.class.name", f"{kind.__module__}.{kind.__qualname__}"))
    added: Headers = tuple(
        (PREFIX + name, text.encode(errors="backslashreplace")) for name, text in fields
    )
    return OutRecord(topic, record.key, record.value, record.headers + added)
