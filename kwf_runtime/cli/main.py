"""The `kwf` command: finds the command that was asked for, and turns errors into exit codes.

Exit codes: 0 done, 1 the work failed, 2 wrong usage. An error is one line on stderr. Limits:
commands are imported only when they are used or listed, and import what is heavy inside their
functions.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final, NoReturn

import click

from kwf_runtime.errors import ConfigError, KwfError
from kwf_runtime.version import VERSION

COMMANDS: Final = (
    "compile",
    "run",
    "start",
    "resume",
    "send",
    "tail",
    "threads",
    "show",
    "cancel",
    "retry",
    "topics",
    "dlq",
    "doctor",
)
TRACEBACK_VARIABLE: Final = "KWF_TRACEBACK"
_FAILED: Final = 1
_WRONG_USAGE: Final = 2
_INTERRUPTED: Final = 130  # 128 + SIGINT, what a shell reports


class LazyGroup(click.Group):
    """A group whose commands live in modules of their own, in the order of `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module; None if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"kwf_runtime.cli.{cmd_name}")
        command: click.Command = module.command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="kwf")
def cli() -> None:
    """Durable workflows: async functions that may wait for months.

    `kwf COMMAND --help` tells more. Without --props, threads live in the SQLite file kwf.db of the
    current folder.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        cli.main(args=arguments, prog_name="kwf", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.UsageError as error:
        return _report_usage(error)
    except click.ClickException as error:
        return _report(error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`kwf tail … | head`): nothing failed. Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ConfigError as error:
        return _report(str(error), _WRONG_USAGE)
    except KwfError as error:
        return _report(str(error), _FAILED)
    except Exception as error:
        # A CompileError; its class is not imported here, for the compiler may not be installed.
        if findings := getattr(error, "diagnostics", None):
            click.echo("\n".join(map(str, findings)), err=True)
            return _FAILED
        return _report_unexpected(error)
    return 0


def _report_usage(error: click.UsageError) -> int:
    where = error.ctx.command_path if error.ctx else "kwf"
    message = error.format_message()
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(message, err=True)
        return _WRONG_USAGE
    return _report(f"{message} (see {where} --help)", _WRONG_USAGE)


def _report(message: str, exit_code: int) -> int:
    click.echo("kwf: " + " ".join(message.split("\n")), err=True)
    return exit_code


def _report_unexpected(error: Exception) -> int:
    """Name the place of an error that nobody foresaw: a fault of kwf, or of the world around it."""
    if os.environ.get(TRACEBACK_VARIABLE):
        traceback.print_exception(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}: " if frames else ""
    advice = "" if isinstance(error, OSError) else "; please report it"
    return _report(
        f"{place}{type(error).__name__}: {error} "
        f"({TRACEBACK_VARIABLE}=1 shows the whole traceback{advice})",
        _FAILED,
    )
