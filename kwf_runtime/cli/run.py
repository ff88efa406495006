"""`kwf run`: the engine, until a signal or until nothing is left to do."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

import click

from kwf_runtime.cli import workers
from kwf_runtime.cli.options import props_option

if TYPE_CHECKING:
    from kwf_runtime.settings import Settings

log = logging.getLogger("kwf")

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@click.command("run")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE...",
)
@click.option(
    "--until-idle",
    is_flag=True,
    help="Stop when nothing is left that can be done now; timers of the future are not waited for.",
)
@click.option(
    "workers_count",
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="So many processes share the partitions (Kafka only).",
)
@click.option("-v", "--verbose", is_flag=True, help="Log more.")
@props_option
def command(
    files: tuple[Path, ...], until_idle: bool, workers_count: int, verbose: bool, props: Path | None
) -> None:
    """Run the workflows of the FILEs: steps, timers and activities.

    A source is compiled first, in memory, and with it what it imports from its own folder or
    package. SIGTERM and Ctrl-C finish the batch at hand and end with exit code 0; a second one
    aborts.
    """
    from kwf_runtime.settings import load_settings

    stop = _stop_on_signals()
    _log_to_stderr(verbose)
    settings = load_settings(props)
    for note in settings.notes:
        log.info("%s", note)
    if workers_count > 1:
        if settings.runner != "kafka":
            raise click.UsageError(
                f"--workers needs Kafka: workflow.runner={settings.runner} has one engine, "
                "which uses one process"
            )
        sys.exit(workers.supervise(workers_count, stop))
    workers.stop_with_supervisor(stop)
    run_engine(settings, files, until_idle, stop)


def run_engine(
    settings: Settings, files: tuple[Path, ...], until_idle: bool, stop: threading.Event
) -> None:
    """Load the files and run their workflows until `stop` is set, or until idle."""
    from kwf_runtime.loader import load_program
    from kwf_runtime.runners.base import open_runner

    program = load_program(files)
    runner = open_runner(settings, program)
    try:
        log.info(
            "listening on %s, workflows: %s", _place(settings), ", ".join(sorted(program.workflows))
        )
        runner.run(until_idle, stop)
    finally:
        runner.close()
    log.info("stopped by a signal" if stop.is_set() else "idle: nothing is left to do now")


def _place(settings: Settings) -> str:
    from kwf_runtime.settings import mask

    if settings.runner == "kafka":
        brokers = settings.kafka["bootstrap.servers"]
        return f"Kafka {brokers}, topic {settings.resume_topic}, as {settings.application_id}"
    if settings.runner == "memory":
        return "the memory of this process"
    return f"{settings.runner} {mask('workflow.db', settings.db)}"


def _stop_on_signals() -> threading.Event:
    """Return an event that the first signal sets; the second one ends the process."""
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in _SIGNALS:
        signal.signal(number, handle)
    return stop


def _log_to_stderr(verbose: bool) -> None:
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(message)s",
        level=logging.DEBUG if verbose else logging.INFO,
        stream=sys.stderr,
    )
