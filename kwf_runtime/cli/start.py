"""`kwf start`: send the record that starts a thread."""

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


@click.command("start")
@click.argument("thread")
@click.option("text", "--input", default="null", metavar="JSON", help="The workflow's argument.")
@click.option("--workflow", metavar="NAME", help="Which workflow, if the engine runs several.")
@props_option
def command(thread: str, text: str, workflow: str | None, props: Path | None) -> None:
    """Start THREAD: send its `new:` record, and print what was sent.

    An engine that runs, now or later, takes it from there. A thread id that lives already is
    refused (to the dead letters), unless workflow.new.existing says otherwise.
    """
    from kwf_runtime import wire
    from kwf_runtime.runners.records import OutRecord

    if workflow is not None and (not workflow or ":" in workflow):
        raise click.UsageError(f"--workflow {workflow!r}: a name is not empty and has no colon")
    value = wire.encode_start(parse_json(text, "--input"), workflow)
    with open_client(props) as (settings, client):
        send_and_print(client, OutRecord(settings.resume_topic, thread_key(thread), value))
