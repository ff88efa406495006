"""How long a command takes to start: `kwf --help` against Python itself."""

from __future__ import annotations

import subprocess
import sys
import time

from bench.report import child_cpu_s, spread, table

COMMANDS = (
    ("python -c pass", ("-c", "pass")),
    ("kwf --help", ("-m", "kwf_runtime.cli", "--help")),
)


def run_startup(rounds: int) -> str:
    """Return the table of wall and CPU time."""
    rows = []
    for name, arguments in COMMANDS:
        walls_ms, cpus_ms = [], []
        for _ in range(1 + rounds):
            cpu_s, wall_s = child_cpu_s(), time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
            walls_ms.append((time.perf_counter() - wall_s) * 1e3)
            cpus_ms.append((child_cpu_s() - cpu_s) * 1e3)
        # The first one fills the caches of files.
        rows.append((name, spread(walls_ms[1:]), spread(cpus_ms[1:])))
    return table(("", "wall ms", "CPU ms"), rows)
