"""`kwf retry`: let a parked thread try again."""

from __future__ import annotations

from pathlib import Path

import click

from kwf_runtime.cli.options import open_client, props_option, thread_key


@click.command("retry")
@click.argument("thread")
@props_option
def command(thread: str, props: Path | None) -> None:
    """Retry the parked THREAD: apply the events that were kept to its last good state.

    `kwf show THREAD` says why it is parked: mend that first. The command is a record in the log:
    an engine that runs, now or later, carries it out in its turn.
    """
    from kwf_runtime import wire
    from kwf_runtime.runners.records import OutRecord

    key = thread_key(thread)
    headers = ((wire.COMMAND_HEADER, wire.RETRY_COMMAND),)
    with open_client(props) as (settings, client):
        record = client.thread(thread)
        client.send([OutRecord(settings.resume_topic, key, b"", headers)])
    click.echo(f"asked to retry {thread}")
    if record is None or record.status != "parked":
        state = "not known yet" if record is None else record.status
        click.echo(
            f"kwf: {thread} is {state}, not parked: this has no effect unless that changes "
            "before the engine comes to this record",
            err=True,
        )
