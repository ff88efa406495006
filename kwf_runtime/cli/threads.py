"""`kwf threads`: which threads live."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwf_runtime.cli.options import json_option, open_client, props_option

if TYPE_CHECKING:
    from kwf_runtime.runners.envelope import ThreadRecord

_STATUSES = ("waiting", "parked", "buffered")


@click.command("threads")
@click.option("--status", type=click.Choice(_STATUSES), help="Only threads in that status.")
@click.option("--workflow", metavar="NAME", help="Only threads of that workflow.")
@json_option("A JSON object a line: thread, workflow, status, position, due (ms), reason, kept.")
@props_option
def command(status: str | None, workflow: str | None, as_json: bool, props: Path | None) -> None:
    """List the threads that live.

    A thread is waiting (for events or timers), parked (something has to be mended, then `kwf
    retry`), or buffered (only events came for it, no start).
    """
    with open_client(props) as (_, client):
        records = [
            record
            for record in client.threads()
            if status in (None, record.status) and workflow in (None, record.workflow)
        ]
    records.sort(key=lambda record: record.thread_id)
    if as_json:
        for record in records:
            click.echo(json.dumps(thread_fields(record)))
        return
    heads = ("THREAD", "WORKFLOW", "STATUS", "POSITION", "NEXT TIMER", "REASON")
    print_table([heads, *map(_row, records)])


def thread_fields(record: ThreadRecord) -> dict[str, object]:
    """Return what `--json` says about a thread."""
    return {
        "thread": record.thread_id,
        "workflow": record.workflow,
        "status": record.status,
        "position": record.position,
        "due": record.due_ms,
        "reason": record.reason,
        "kept": len(record.kept),
    }


def print_table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows in columns, the first row as their heads; nothing if there is no other."""
    if len(rows) < 2:
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def time_text(time_ms: int | None) -> str:
    """Return a time in the zone of the reader; `-` if there is none."""
    if time_ms is None:
        return "-"
    return datetime.fromtimestamp(time_ms / 1000).astimezone().isoformat(" ", "seconds")


def _row(record: ThreadRecord) -> tuple[str, ...]:
    return (
        record.thread_id,
        record.workflow or "-",
        record.status,
        str(record.position),
        time_text(record.due_ms),
        (record.reason or "-").split("\n")[0],
    )
