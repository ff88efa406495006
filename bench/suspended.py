"""Memory of the engine's process while so many threads wait."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from bench.engine_process import running_engine, settings_for
from bench.load import COMMAND_TOPIC, Load
from bench.report import table
from kwf_runtime.runners.base import open_client

_LIMIT_S = 120.0


def run_suspended(stores: Sequence[str], threads: int) -> str:
    """Start threads that suspend; return the table of what the engine's process holds."""
    rows = []
    for store in stores:
        with tempfile.TemporaryDirectory(prefix="kwf-bench-") as name:
            folder = Path(name)
            settings = settings_for(store, folder)
            client = open_client(settings)
            commands = client.tail(
                COMMAND_TOPIC, from_start=False, count=1 + threads, timeout_s=_LIMIT_S
            )
            load = Load(threads=1 + threads, topic=settings.resume_topic)
            with running_engine(settings, folder) as engine:
                client.send([load.start(0)])
                next(commands)
                before = engine.memory()
                client.send(load.start(number) for number in range(1, 1 + threads))
                came = len(list(islice(commands, threads)))
                if came != threads:
                    raise RuntimeError(f"{came} of {threads} threads have started")
                after = engine.memory()
            client.close()
        rows.append(
            (
                *(store, f"{before.now_mb:.0f} MB", f"{after.now_mb:.0f} MB"),
                f"{after.peak_mb:.0f} MB",
            )
        )
    return table(("kwf run", "1 thread", f"{threads:,} suspended", "peak"), rows)
