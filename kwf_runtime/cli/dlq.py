"""`kwf dlq`: the dead letters, the records that no step could take.

A log keeps what was written: a letter is dropped by a further record of the same topic, with the
header `kwf-dropped`, that names it; `ls` leaves out both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from kwf_runtime.cli.options import json_option, open_client, pass_props_on, props_option, text_of
from kwf_runtime.cli.threads import print_table, time_text
from kwf_runtime.runners.dead_letters import PREFIX
from kwf_runtime.runners.records import OutRecord, Record

if TYPE_CHECKING:
    from kwf_runtime.runners.base import Client
    from kwf_runtime.settings import Settings

DROPPED_HEADER: Final = "kwf-dropped"
_VALUE_WIDTH: Final = 60
_SILENCE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter, and what its headers say of the record that it was."""

    record: Record

    @property
    def number(self) -> str:
        """Its name in the commands: partition:offset in the dead-letter topic."""
        return f"{self.record.partition}:{self.record.offset}"

    def field(self, name: str) -> str:
        """Return what the engine noted under that name; `-` if nothing."""
        value = self.record.header(PREFIX + name)
        return "-" if value is None else text_of(value)

    @property
    def origin(self) -> str:
        """Topic, partition and offset of the record that was refused."""
        return f"{self.field('topic')}:{self.field('partition')}:{self.field('offset')}"

    def fields(self) -> dict[str, object]:
        """Return what `--json` says."""
        record = self.record
        return {
            "letter": self.number,
            "timestamp": record.timestamp_ms,
            "topic": self.field("topic"),
            "partition": int(self.field("partition")),
            "offset": int(self.field("offset")),
            "reason": self.field("reason"),
            "message": self.field("exception.message"),
            "key": None if record.key is None else record.key.decode(errors="surrogateescape"),
            "value": None
            if record.value is None
            else record.value.decode(errors="surrogateescape"),
            "headers": {
                name: None if value is None else value.decode(errors="surrogateescape")
                for name, value in record.headers
                if not name.startswith(PREFIX)
            },
        }


@click.group("dlq", invoke_without_command=True)
@props_option
@click.pass_context
def command(context: click.Context, props: Path | None) -> None:
    """List dead letters (ls, the default), show one, or drop some.

    A dead letter is a record that no step could take. It is kept whole, with the reason.
    """
    pass_props_on(context, props)
    if context.invoked_subcommand is None:
        context.invoke(_ls, as_json=False, props=props)


@command.command("ls")
@json_option("A JSON object a line: letter, reason, message, and the record that was refused.")
@props_option
def _ls(as_json: bool, props: Path | None) -> None:
    """List the dead letters that are not dropped."""
    with open_client(props) as (settings, client):
        letters = read_letters(client, settings).values()
    if as_json:
        for letter in letters:
            click.echo(json.dumps(letter.fields()))
        return
    print_table([("LETTER", "WHEN", "FROM", "KEY", "REASON", "VALUE"), *map(_row, letters)])


@command.command("show")
@click.argument("letter")
@json_option("One JSON object.")
@props_option
def _show(letter: str, as_json: bool, props: Path | None) -> None:
    """Show LETTER (partition:offset, as ls prints it) whole."""
    with open_client(props) as (settings, client):
        found = _pick(read_letters(client, settings), letter)
    if as_json:
        click.echo(json.dumps(found.fields()))
        return
    record = found.record
    click.echo(f"letter   {found.number}, written {time_text(record.timestamp_ms)}")
    click.echo(f"from     {found.origin}")
    click.echo(f"reason   {found.field('reason')}: {found.field('exception.message')}")
    click.echo(f"key      {'(none)' if record.key is None else text_of(record.key)}")
    click.echo(f"value    {'(null)' if record.value is None else text_of(record.value)}")
    for name, value in record.headers:
        click.echo(f"header   {name}={'(null)' if value is None else text_of(value)}")


@command.command("drop")
@click.argument("letters", nargs=-1, metavar="[LETTER]...")
@click.option("--all", "every", is_flag=True, help="Drop all there are now.")
@props_option
def _drop(letters: tuple[str, ...], every: bool, props: Path | None) -> None:
    """Drop LETTERs: ls leaves them out from now on.

    The topic itself keeps them as long as it keeps records.
    """
    if bool(letters) == every:
        raise click.UsageError("name the letters to drop, or --all")
    with open_client(props) as (settings, client):
        present = read_letters(client, settings)
        dropped = [_pick(present, number) for number in (present if every else letters)]
        client.send(
            OutRecord(
                settings.dead_letter_topic,
                letter.record.key,
                None,
                ((DROPPED_HEADER, letter.number.encode()),),
            )
            for letter in dropped
        )
    click.echo(f"dropped {len(dropped)}")


def read_letters(client: Client, settings: Settings) -> dict[str, Letter]:
    """Return the dead letters that are not dropped, oldest first, by their numbers."""
    topic = settings.dead_letter_topic
    offsets = sum(info.end - info.first for info in client.topics() if info.name == topic)
    letters: dict[str, Letter] = {}
    if not offsets:
        return letters
    # Not every offset need be a record (Kafka's transactions take some), hence the time-out.
    for record in client.tail(topic, from_start=True, count=offsets, timeout_s=_SILENCE_S):
        dropped = record.header(DROPPED_HEADER)
        if dropped is None:
            letter = Letter(record)
            letters[letter.number] = letter
        else:
            letters.pop(text_of(dropped), None)
    return letters


def _pick(letters: Mapping[str, Letter], number: str) -> Letter:
    if number not in letters:
        raise click.ClickException(f"there is no dead letter {number}: see kwf dlq ls")
    return letters[number]


def _row(letter: Letter) -> tuple[str, ...]:
    record = letter.record
    value = "(null)" if record.value is None else text_of(record.value[: 4 * _VALUE_WIDTH])
    value = " ".join(value.split())
    if len(value) > _VALUE_WIDTH:
        value = value[: _VALUE_WIDTH - 1] + "…"
    return (
        letter.number,
        time_text(record.timestamp_ms),
        letter.origin,
        "-" if record.key is None else text_of(record.key),
        letter.field("reason"),
        value,
    )
