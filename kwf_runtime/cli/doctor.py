"""`kwf doctor`: is the set-up sound, and what to do if not."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from kwf_runtime.cli.options import json_option, props_option

_MARKS: Final = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}


@click.command("doctor")
@json_option("A JSON object a line: name, verdict (ok, note or wrong), finding, advice.")
@props_option
def command(as_json: bool, props: Path | None) -> None:
    """Check the set-up and say what to mend; the exit code is 1 if anything is wrong.

    On SQLite: its version, the file, and who works on it. On Kafka: the broker, the topics, their
    partitions and settings.
    """
    from kwf_runtime.cli.checks import check_all
    from kwf_runtime.settings import load_settings

    wrong = 0
    for check in check_all(load_settings(props)):
        wrong += check.verdict == "wrong"
        if as_json:
            click.echo(json.dumps(asdict(check)))
        else:
            advice = f" ({check.advice})" if check.advice else ""
            click.echo(f"{_MARKS[check.verdict]}  {check.name}: {check.finding}{advice}")
    if wrong:
        click.echo(f"kwf: {wrong} of the checks found something wrong", err=True)
        sys.exit(1)
