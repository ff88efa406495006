"""`kwf run` as a process of its own, as it is used: what it takes is read from /proc (Linux)."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.load import COMMAND_TOPIC, WORKFLOW
from bench.rounds import PARTITIONS, kafka_settings
from kwf_runtime.settings import Settings

_READY = "listening on"


@dataclass(frozen=True)
class Memory:
    """Resident memory in MB, now and at its highest."""

    now_mb: float
    peak_mb: float


@dataclass(frozen=True)
class EngineProcess:
    """A running engine."""

    pid: int

    def memory(self) -> Memory:
        """Return VmRSS and VmHWM."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        values = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", status, re.MULTILINE))
        return Memory(int(values["VmRSS"]) / 1024, int(values["VmHWM"]) / 1024)

    def cpu_s(self) -> float:
        """Return the CPU time since its start."""
        # The second field is the name of the program, and may hold anything but a last ')'.
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settings_for(store: str, folder: Path) -> Settings:
    """Return settings of a store of its own; Kafka's topics are made."""
    if store == "sqlite":
        return Settings(db=str(folder / "bench.db"))
    from kwf_runtime.runners.kafka_topics import create_topics

    settings = kafka_settings(str(folder))
    create_topics(settings, PARTITIONS, outputs=[COMMAND_TOPIC])
    return settings


@contextmanager
def running_engine(settings: Settings, folder: Path) -> Iterator[EngineProcess]:
    """Run an engine for the time of the block; it has loaded the workflow when that begins."""
    properties = folder / "bench.properties"
    properties.write_text(_properties(settings))
    command = [sys.executable, "-m", "kwf_runtime.cli", "run", str(WORKFLOW)]
    process = subprocess.Popen(
        [*command, "--props", str(properties)], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        seen = []
        for line in process.stderr:
            seen.append(line)
            if _READY in line:
                break
        else:
            raise RuntimeError("the engine has ended:\n" + "".join(seen))
        yield EngineProcess(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def _properties(settings: Settings) -> str:
    values = {
        "workflow.runner": settings.runner,
        "workflow.db": settings.db,
        "workflow.store.dir": settings.store_dir,
        "workflow.topic.prefix": settings.topic_prefix,
        "application.id": settings.application_id,
        **settings.kafka,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items() if value)
