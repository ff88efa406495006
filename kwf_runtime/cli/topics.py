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
    print_table([("TOPIC", "PARTITION", "FIRST", "END", "RECORDS"), *map(_row, topics)])


@command.command("create")
@click.argument("topics", nargs=-1, metavar="[TOPIC]...")
@click.option(
    "--partitions",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    metavar="N",
    help="Partitions of each: as many workers as there can ever be.",
)
@click.option(
    "--replication",
    type=click.IntRange(min=1),
    metavar="N",
    help="Copies of each; the broker's default without it.",
)
@props_option
def _create(
    topics: tuple[str, ...], partitions: int, replication: int | None, props: Path | None
) -> None:
    """Create the engine's topics that are missing, and the output TOPICs.

    Topics that are there stay as they are. Only Kafka needs this: on SQLite a topic is there as
    soon as a record is written to it. Choose the number of partitions for years: a thread's state
    stays in the partition that its id was hashed to.
    """
    from kwf_runtime.settings import load_settings

    settings = load_settings(props)
    if settings.runner != "kafka":
        click.echo(f"nothing to create: {settings.runner} makes topics as they are written to")
        return
    from kwf_runtime.runners.kafka_topics import create_topics

    for name in sorted(create_topics(settings, partitions, replication, outputs=topics)):
        click.echo(f"created {name}, {partitions} partitions")


def _row(topic: TopicInfo) -> tuple[str, ...]:
    numbers = (topic.partition, topic.first, topic.end, topic.end - topic.first)
    return topic.name, *map(str, numbers)


def _fields(topic: TopicInfo) -> dict[str, object]:
    return {
        "topic": topic.name,
        "partition": topic.partition,
        "first": topic.first,
        "end": topic.end,
    }
