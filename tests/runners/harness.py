"""What the contract suite needs of a runner: a store that outlives engines, a clock, a client.

`open_harness` makes one by name. The Kafka one is in `kafka_harness`, beside the broker's helpers.
"""

from __future__ import annotations

import itertools
import json
import textwrap
import threading
from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path

from kwf_runtime import wire
from kwf_runtime.core.engine import Program
from kwf_runtime.loader import load_program
from kwf_runtime.runners.base import Client, Runner
from kwf_runtime.runners.envelope import ThreadRecord
from kwf_runtime.runners.memory import MemoryClient, MemoryLog, MemoryRunner
from kwf_runtime.runners.records import Headers, OutRecord, Record
from kwf_runtime.runners.sqlite import SqliteRunner
from kwf_runtime.runners.sqlite_client import SqliteClient
from kwf_runtime.runners.stepper import Limits
from kwf_runtime.serial.registry import DEFAULT
from kwf_runtime.settings import Settings

_module_numbers = itertools.count()


class Harness(ABC):
    """A runner under test. An engine may be dropped at any time; `engine` opens the next one."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self.program: Program | None = None
        self.limits: Limits | None = None
        self._runner: Runner | None = None
        self._client: Client | None = None

    # --- what each runner says for itself

    @abstractmethod
    def open_runner(self, program: Program) -> Runner:
        """Open an engine on the store."""

    @abstractmethod
    def open_client(self) -> Client:
        """Open a client of the store."""

    @abstractmethod
    def advance(self, ms: int) -> None:
        """Let so much time pass for the engine."""

    def read_all(self, topic: str) -> list[Record]:
        """Return every committed record of a topic."""
        return list(self.client.tail(topic, from_start=True, count=None, timeout_s=0))

    # --- what tests call

    def load(self, source: str, name: str = "flow") -> Program:
        """Compile the source, and make it the program of the next engine."""
        file = self.folder / f"m{next(_module_numbers)}" / f"{name}.py"
        file.parent.mkdir()
        file.write_text("import kwf_runtime as W\n" + textwrap.dedent(source))
        self.crash()
        self.program = load_program([file])
        return self.program

    def forget_module(self, name: str) -> None:
        """Make the code of a loaded module unknown, as in a process that never loaded it."""
        self.crash()
        DEFAULT.add_module(name, compile("", name, "exec"), {}, {}, ())

    def configure(self, **changes: object) -> None:
        """Change settings; the next engine has them."""
        self.crash()
        self.settings = replace(self.settings, **changes)

    @property
    def engine(self) -> Runner:
        if self._runner is None:
            assert self.program is not None
            self._runner = self.open_runner(self.program)
        return self._runner

    @property
    def client(self) -> Client:
        if self._client is None:
            self._client = self.open_client()
        return self._client

    def run(self) -> None:
        """Run until idle."""
        self.engine.run(True, threading.Event())

    def crash(self) -> None:
        """Drop the engine; the next call opens another one on the same store."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def close(self) -> None:
        self.crash()
        if self._client is not None:
            self._client.close()

    def send(
        self,
        key: str | bytes | None,
        value: str | bytes | None,
        headers: Headers = (),
        topic: str | None = None,
    ) -> None:
        topic = self.settings.resume_topic if topic is None else topic
        key = key.encode() if isinstance(key, str) else key
        value = value.encode() if isinstance(value, str) else value
        self.client.send([OutRecord(topic, key, value, headers)])

    def start(self, thread: str, argument: object = None) -> None:
        self.send(thread, wire.encode_start(argument))

    def resume(self, thread: str, ref: str, value: object = None) -> None:
        self.send(thread, wire.encode_resume(ref, value))

    def reject(self, thread: str, ref: str, error: object) -> None:
        self.send(thread, wire.encode_reject(ref, error))

    def command(self, thread: str, command: bytes) -> None:
        self.send(thread, b"", ((wire.COMMAND_HEADER, command),))

    def schedule(self, key: str, delay: str | None) -> None:
        self.send(key, delay, topic=self.settings.scheduler_topic)

    def values(self, topic: str) -> list[tuple[str, object]]:
        """Return (key, parsed value) of every record of a topic."""
        return [
            ((r.key or b"").decode(), json.loads(r.value or b"null")) for r in self.read_all(topic)
        ]

    def results(self) -> list[tuple[str, object]]:
        return self.values(self.settings.result_topic)

    def errors(self) -> list[tuple[str, object]]:
        return self.values(self.settings.error_topic)

    def dead_letters(self) -> list[Record]:
        return self.read_all(self.settings.dead_letter_topic)

    def reasons(self) -> list[str]:
        return [(r.header("__kwf.errors.reason") or b"").decode() for r in self.dead_letters()]

    def thread(self, thread_id: str) -> ThreadRecord | None:
        return self.client.thread(thread_id)

    def living(self) -> list[str]:
        return sorted(thread.thread_id for thread in self.client.threads())


class ManualClock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now_ms = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now_ms


class MemoryHarness(Harness):
    def __init__(self, folder: Path, settings: Settings) -> None:
        super().__init__(folder, settings)
        self.clock = ManualClock()
        self.log = MemoryLog(self.clock)

    def open_runner(self, program: Program) -> MemoryRunner:
        return MemoryRunner(program, self.settings, self.log, clock=self.clock, limits=self.limits)

    def open_client(self) -> Client:
        return MemoryClient(self.settings, self.log)

    def advance(self, ms: int) -> None:
        self.clock.now_ms += ms


class SqliteHarness(Harness):
    def __init__(self, folder: Path, settings: Settings) -> None:
        super().__init__(folder, replace(settings, db=str(folder / "kwf.db")))
        self.clock = ManualClock()

    def open_runner(self, program: Program) -> SqliteRunner:
        return SqliteRunner(program, self.settings, clock=self.clock, limits=self.limits)

    def open_client(self) -> Client:
        return SqliteClient(self.settings, clock=self.clock)

    def advance(self, ms: int) -> None:
        self.clock.now_ms += ms


def open_harness(runner: str, folder: Path) -> Harness:
    """Open the harness of a runner; skips, with the reason, where it cannot run."""
    settings = Settings(runner=runner)
    if runner == "memory":
        return MemoryHarness(folder, settings)
    if runner == "sqlite":
        return SqliteHarness(folder, settings)
    from tests.runners.kafka_harness import open_kafka_harness

    return open_kafka_harness(folder, settings)
