"""`kwf send`: append records to a topic."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from kwf_runtime.cli.options import open_client, props_option
from kwf_runtime.runners.records import Headers, OutRecord

_CHUNK_BYTES: Final = 1 << 16
_FIELDS: Final = frozenset({"topic", "key", "value", "headers"})


@click.command("send")
@click.argument("topic")
@click.option("--key", metavar="K", help="The record's key; none without it.")
@click.option("--value", metavar="V", help="The record's value, as it stands.")
@click.option("--null", is_flag=True, help="No value: a tombstone.")
@click.option("--header", "headers", multiple=True, metavar="K=V", help="A header; repeatable.")
@props_option
def command(
    topic: str,
    key: str | None,
    value: str | None,
    null: bool,
    headers: tuple[str, ...],
    props: Path | None,
) -> None:
    """Send a record to TOPIC; with - as TOPIC, one for each JSON line of stdin.

    A line is {"topic": …, "key": …, "value": …, "headers": {…}}: key and value are strings or null,
    headers an object of strings; all but the topic may be left out. This is what `kwf tail --json`
    prints. Lines are sent as they come.
    """
    if topic == "-":
        if key is not None or value is not None or null or headers:
            raise click.UsageError("with -, everything comes from stdin: no --key, --value, …")
        with open_client(props) as (_, client):
            for records in _read_batches(sys.stdin.fileno()):
                client.send(records)
        return
    if not topic:
        raise click.UsageError("TOPIC is empty")
    if (value is None) != null:
        raise click.UsageError("give either --value or --null")
    record = OutRecord(
        topic, _encode(key), _encode(value), tuple(_parse_header(item) for item in headers)
    )
    with open_client(props) as (_, client):
        client.send([record])


def _read_batches(descriptor: int) -> Iterator[list[OutRecord]]:
    """Yield the records of the lines that have come, together; never wait with one in hand."""
    rest, number = b"", 0
    while True:
        chunk = os.read(descriptor, _CHUNK_BYTES)
        *lines, rest = (rest + chunk).split(b"\n") if chunk else (rest, b"")
        records: list[OutRecord] = []
        for line in lines:
            number += 1
            if line.strip():
                try:
                    records.append(parse_line(line))
                except ValueError as error:
                    if records:
                        yield records
                    raise click.UsageError(
                        f"stdin:{number}: {error}; the lines before it were sent"
                    ) from error
        if records:
            yield records
        if not chunk:
            return


def parse_line(line: bytes) -> OutRecord:
    """Return the record that a JSON line stands for.

    Raises:
        ValueError: The line is not such an object.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise ValueError("a line is an object with topic, key, value and headers")
    topic = fields.get("topic")
    if not isinstance(topic, str) or not topic:
        raise ValueError('"topic" is missing, or not a string')
    # What `kwf tail --json` prints besides: where the record was. It gets a new place.
    unknown = fields.keys() - _FIELDS - {"partition", "offset", "timestamp"}
    if unknown:
        raise ValueError(
            f"unknown member {sorted(unknown)[0]!r}: known are topic, key, value, headers"
        )
    return OutRecord(
        topic,
        _encode_member(fields, "key"),
        _encode_member(fields, "value"),
        _headers_of(fields.get("headers") or {}),
    )


def _encode_member(fields: dict[str, object], name: str) -> bytes | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f'"{name}" is a string or null; JSON inside of it is written as a string')
    return _encode(value)


def _headers_of(value: object) -> Headers:
    if not isinstance(value, dict):
        raise ValueError('"headers" is an object: a name, and a string, null, or an array of them')
    pairs: list[tuple[str, bytes | None]] = []
    for name, item in value.items():
        for text in item if isinstance(item, list) else [item]:
            if text is not None and not isinstance(text, str):
                raise ValueError(f"header {name!r}: its value is a string or null")
            pairs.append((name, _encode(text)))
    return tuple(pairs)


def _parse_header(text: str) -> tuple[str, bytes | None]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise click.UsageError(f"--header {text!r}: write NAME=VALUE")
    return name, _encode(value)


def _encode(text: str | None) -> bytes | None:
    """Return UTF-8; bytes that were none when they were read become themselves again."""
    return None if text is None else text.encode(errors="surrogateescape")
