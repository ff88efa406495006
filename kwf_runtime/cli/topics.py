"""`kwf topics`: which topics there are, and making those that the engine needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwf_runtime.cli.options import json_option, open_client, pass_props_on, props_option
from kwf_runtime.cli.threads import print_table

if TYPE_CHECKING:
    from kwf_runtime.runners.base import TopicInfo


@click.group("topics", invoke_without_command=True)
@props_option
@click.pass_context
def command(context: click.Context, props: Path | None) -> None:
    """List topics (ls, the default), or create those that the engine needs (create)."""
    pass_props_on(context, props)
    if context.invoked_subcommand is None:
        context.invoke(_ls, as_json=False, props=props)


@command.command("ls")
@json_option("A JSON object a line: topic, partition, first, end.")
@props_option
def _ls(as_json: bool, props: Path | None) -> None:
    """List topics: each partition's first offset, end, and the number of records between them."""
    with open_client(props) as (_, client):
        topics = sorted(client.topics(), key=lambda topic: (topic.name, topic.partition))
    if as_json:
        for topic in topics:
            click.echo(json.dumps(_fields(topic)))
        return
    rows = [("TOPIC", "PARTITION", "FIRST", "END", "RECORDS")]
    rows += [
        (t.name, str(t.partition), str(t.first), str(t.end), str(t.end - t.first)) for t in topics
    ]
    print_table(rows)


def _fields(topic: TopicInfo) -> dict[str, object]:
    return {
        "topic": topic.name,
        "partition": topic.partition,
        "first": topic.first,
        "end": topic.end,
    }
