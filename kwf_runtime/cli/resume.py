"""`kwf resume`: send the record that settles a suspension."""

from __future__ import annotations

from pathlib import Path

import click

from kwf_runtime.cli.options import (
    open_client,
    parse_json,
    props_option,
    send_and_print,
    thread_key,
)


@click.command("resume")
@click.argument("thread")
@click.argument("ref")
@click.option("--value", metavar="JSON", help="What the await returns.")
@click.option("--error", metavar="JSON", help="What the await raises, as W.WorkflowError.")
@props_option
def command(
    thread: str, ref: str, value: str | None, error: str | None, props: Path | None
) -> None:
    """Settle the suspension REF of THREAD with a value or an error, and print what was sent.

    `kwf show THREAD` lists the refs that a thread waits for. A ref that is unknown or settled
    already changes nothing.
    """
    from kwf_runtime import wire
    from kwf_runtime.runners.records import OutRecord

    if (value is None) == (error is None):
        raise click.UsageError("give either --value or --error")
    if not ref:
        raise click.UsageError("REF is empty")
    data = (
        wire.encode_reject(ref, parse_json(error, "--error"))
        if error is not None
        else wire.encode_resume(ref, parse_json(value or "", "--value"))
    )
    with open_client(props) as (settings, client):
        send_and_print(client, OutRecord(settings.resume_topic, thread_key(thread), data))
