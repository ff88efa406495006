"""What the commands share: options, opening a client, sending records, reading JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from kwf_runtime.runners.base import Client
    from kwf_runtime.runners.records import OutRecord
    from kwf_runtime.settings import Settings

Command = TypeVar("Command", bound=Callable[..., object])


def props_option(command: Command) -> Command:
    """Add `--props FILE`, with its twin in the environment."""
    return click.option(
        "--props",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        envvar="KWF_PROPS",
        show_envvar=True,
        metavar="FILE",
        help="Java properties file with the settings; without it: SQLite, ./kwf.db.",
    )(command)


def json_option(help_text: str) -> Callable[[Command], Command]:
    """Add `--json`."""
    return click.option("as_json", "--json", is_flag=True, help=help_text)


def pass_props_on(context: click.Context, props: Path | None) -> None:
    """Let a group's `--props` count for its subcommands: `kwf topics --props FILE ls`."""
    if props is not None and isinstance(context.command, click.Group):
        context.default_map = {name: {"props": props} for name in context.command.commands}


@contextmanager
def open_client(props: Path | None) -> Iterator[tuple[Settings, Client]]:
    """Read the settings and open a client of their runner; closed at the end."""
    from kwf_runtime.errors import ConfigError
    from kwf_runtime.runners.base import open_client as open_client_of
    from kwf_runtime.settings import load_settings

    settings = load_settings(props)
    if settings.runner == "memory":
        raise ConfigError(
            "workflow.runner=memory keeps all in the engine's process, out of reach of commands: "
            "use sqlite or kafka"
        )
    client = open_client_of(settings)
    try:
        yield settings, client
    finally:
        client.close()


def send_and_print(client: Client, record: OutRecord) -> None:
    """Send one record, then print its topic, key and value."""
    client.send([record])
    value = b"" if record.value is None else record.value
    parts = [record.topic, text_of(record.key or b""), text_of(value)]
    parts += [f"{name}={text_of(header or b'')}" for name, header in record.headers]
    click.echo(" ".join(part for part in parts if part))


def thread_key(thread: str) -> bytes:
    """Return the key of a thread's records.

    Raises:
        click.UsageError: It cannot be a thread id.
    """
    from kwf_runtime import wire
    from kwf_runtime.errors import WireError

    key = thread.encode(errors="surrogateescape")
    try:
        wire.decode_thread_id(key)
    except WireError as error:
        raise click.UsageError(f"{thread!r} cannot be a thread id: {error}") from error
    return key


def parse_json(text: str, name: str) -> object:
    """Parse an argument that is JSON, as strictly as the engine does.

    Raises:
        click.UsageError: It is not JSON.
    """
    from kwf_runtime import wire
    from kwf_runtime.errors import WireError

    try:
        return wire.decode_json(text)
    except WireError as error:
        advice = "; a string needs its quotes: '\"…\"'" if text[:1].isalpha() else ""
        raise click.UsageError(f"{name} {text!r}: {error}{advice}") from error


def text_of(data: bytes) -> str:
    """Return the bytes as text for people; what is not UTF-8 is shown as `\\xNN`."""
    return data.decode(errors="backslashreplace")
