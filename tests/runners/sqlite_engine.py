"""Runs an engine on SQLite in a process of its own: `sqlite_engine.py DB WORKFLOW [until-idle]`.

Prints `ready` when it holds the file. Tests kill it, or let a failpoint do it.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from kwf_runtime.loader import load_program
from kwf_runtime.runners.sqlite import SqliteRunner
from kwf_runtime.settings import Settings


def main(db: str, workflow: str, *options: str) -> None:
    runner = SqliteRunner(load_program([Path(workflow)]), Settings(db=db))
    print("ready", flush=True)
    runner.run("until-idle" in options, threading.Event())
    runner.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
