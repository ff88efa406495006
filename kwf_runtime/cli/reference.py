"""The reference pages of docs/, made from the commands and the table of properties.

`python -m kwf_runtime.cli.reference docs` writes them; a test keeps them current.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from kwf_runtime.cli.main import COMMANDS, cli
from kwf_runtime.settings import PROPERTIES

_CLI_HEAD = """\
# Command line

`kwf COMMAND --help` prints the same as this page, which is made from it (`./dev docs`).

Exit codes: 0 done, 1 the work failed, 2 wrong usage. Errors are one line on stderr. With `--json`
a program can read what is printed: a JSON object a line. Every command works while an engine runs,
and while none does.

`KWF_PROPS` stands for `--props`; `KWF_TRACEBACK=1` shows the traceback of an unexpected error.
"""

_CONFIG_HEAD = """\
# Settings

`--props FILE`, or the environment's `KWF_PROPS`, names a Java properties file. Without one, threads
live in the SQLite file `kwf.db` of the current folder.

```properties
# streams.properties
bootstrap.servers=localhost:9092
application.id=trips
```

## Properties of kwf

A name that is not in this table, but begins with `workflow.`, is an error.

"""

_CONFIG_TAIL = """\

## Properties of Kafka

`application.id` is the consumer group, the prefix of transactional ids, and the first part of the
changelog topic's name (default `workflow-engine`): letters, digits, `.`, `_` and `-`.

Everything else goes to librdkafka as it stands, for example `bootstrap.servers`,
`security.protocol`, `sasl.username`, `ssl.ca.location`, `linger.ms`; its own
[list](https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md) explains them. What
only Kafka's Java clients and Kafka Streams know (`default.key.serde`, `processing.guarantee`,
`state.dir`, …) is left out, with a line in the log that says so: a `streams.properties` of a Java
deployment works unchanged. What the engine's promises rest on (`isolation.level`,
`enable.auto.commit`, …) is chosen by kwf.

Secrets are never logged or shown.
"""


def cli_page() -> str:
    """Return docs/cli.md."""
    parts = [_CLI_HEAD]
    for name in COMMANDS:
        parts += _command_sections(name)
    return "\n".join(parts)


def config_page() -> str:
    """Return docs/config.md."""
    rows = ["| property | values | meaning |", "|---|---|---|"]
    rows += [f"| `{item.name}` | {item.allowed} | {item.help} |" for item in PROPERTIES]
    return _CONFIG_HEAD + "\n".join(rows) + "\n" + _CONFIG_TAIL


def _command_sections(name: str) -> Iterator[str]:
    root = click.Context(cli, info_name="kwf")
    command = cli.get_command(root, name)
    assert command is not None, name
    context = click.Context(command, info_name=name, parent=root)
    yield _section(command, context)
    if isinstance(command, click.Group):
        for child_name, child in command.commands.items():
            yield _section(child, click.Context(child, info_name=child_name, parent=context))


def _section(command: click.Command, context: click.Context) -> str:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    lines = [f"## {context.command_path}", "", f"`{usage}`", ""]
    lines += [inspect.cleandoc(command.help or ""), ""]
    options = [
        record
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option)
        and "--help" not in parameter.opts
        and (record := parameter.get_help_record(context)) is not None
    ]
    if options:
        lines += ["| option | meaning |", "|---|---|"]
        lines += [f"| `{_escape(name)}` | {_escape(text)} |" for name, text in options]
        lines.append("")
    return "\n".join(lines)


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


def main(folder: str) -> None:
    """Write the pages to the folder."""
    for name, page in (("cli.md", cli_page()), ("config.md", config_page())):
        (Path(folder) / name).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
