"""`kwf tail`: print the records of a topic as they come."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from kwf_runtime.cli.options import json_option, open_client, props_option, text_of
from kwf_runtime.runners.records import Record


@click.command("tail")
@click.argument("topic")
@click.option("--from-start", is_flag=True, help="Begin with the oldest record.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Stop after N records.")
@click.option(
    "timeout_s",
    "--timeout",
    type=click.FloatRange(min=0),
    metavar="S",
    help="Stop after S seconds without a new record.",
)
@json_option("A JSON object a line: topic, partition, offset, timestamp (ms), key, value, headers.")
@props_option
def command(
    topic: str,
    from_start: bool,
    count: int | None,
    timeout_s: float | None,
    as_json: bool,
    props: Path | None,
) -> None:
    """Print the committed records of TOPIC as they come, until Ctrl-C.

    Each line: partition:offset, key, value. Bytes that are not UTF-8 are shown as \\xNN; with
    --json they are lone surrogates (\\udcNN), which `kwf send -` turns back.
    """
    show = _as_json if as_json else _as_text
    with open_client(props) as (_, client):
        records = client.tail(topic, from_start=from_start, count=count, timeout_s=timeout_s)
        for record in records:
            sys.stdout.write(show(record) + "\n")
            sys.stdout.flush()


def _as_text(record: Record) -> str:
    key = "-" if record.key is None else text_of(record.key)
    value = "(null)" if record.value is None else text_of(record.value)
    return f"{record.partition}:{record.offset}\t{key}\t{value}"


def _as_json(record: Record) -> str:
    headers: dict[str, object] = {}
    for name, value in record.headers:
        text = _decode(value)
        if name not in headers:
            headers[name] = text
        elif isinstance(others := headers[name], list):
            others.append(text)
        else:
            headers[name] = [others, text]
    return json.dumps(
        {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "timestamp": record.timestamp_ms,
            "key": _decode(record.key),
            "value": _decode(record.value),
            "headers": headers,
        }
    )


def _decode(data: bytes | None) -> str | None:
    return None if data is None else data.decode(errors="surrogateescape")
