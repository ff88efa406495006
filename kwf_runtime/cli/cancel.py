"""`kwf cancel`: cancel a thread at its awaits."""

from __future__ import annotations

from pathlib import Path

import click

from kwf_runtime.cli.options import open_client, props_option, thread_key


@click.command("cancel")
@click.argument("thread")
@props_option
def command(thread: str, props: Path | None) -> None:
    """Cancel THREAD: its awaits raise W.CancelToken, its `finally` blocks run.

    The command is a record in the log: an engine that runs, now or later, carries it out in its
    turn.
    """
    from kwf_runtime import wire
    from kwf_runtime.runners.records import OutRecord

    key = thread_key(thread)
    headers = ((wire.COMMAND_HEADER, wire.CANCEL_COMMAND),)
    with open_client(props) as (settings, client):
        known = client.thread(thread) is not None
        client.send([OutRecord(settings.resume_topic, key, b"", headers)])
    click.echo(f"asked to cancel {thread}")
    if not known:
        click.echo(
            f"kwf: no thread {thread} is known yet: this has no effect unless it starts "
            "before the engine comes to this record",
            err=True,
        )
