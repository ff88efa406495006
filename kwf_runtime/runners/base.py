"""What every runner, store and client promises, and how one is opened.

A *store* answers what the last commit left. A *runner* reads records, lets `join.Join` turn them
into a `batch.Batch`, and commits that batch with its position in the log, all or nothing. A
*client* is what the command line talks to, whether an engine runs or not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kwf_runtime.errors import ConfigError
from kwf_runtime.runners.envelope import ThreadRecord
from kwf_runtime.runners.records import OutRecord, Record

if TYPE_CHECKING:
    from kwf_runtime.core.engine import Program
    from kwf_runtime.settings import Settings

Clock = Callable[[], int]
"""Returns the time in ms since the epoch."""


@dataclass(frozen=True, slots=True)
class TopicInfo:
    """A topic and what it holds: records from `first` to before `end`, of each partition."""

    name: str
    partition: int
    first: int
    end: int


class Store(Protocol):
    """What the last commit left; the batch in progress is not in it."""

    def get(self, thread_id: str) -> ThreadRecord | None:
        """Return what is kept for the thread; None if there is none."""

    def timer(self, key: bytes) -> int | None:
        """Return when the timer of the scheduler's protocol is due; None if it is not set."""

    def due_threads(self, now_ms: int, limit: int) -> list[tuple[int, str]]:
        """Return (due time, thread id) of threads with `wake_ms` up to now, in due order."""

    def due_timers(self, now_ms: int, limit: int) -> list[tuple[int, bytes]]:
        """Return (due time, key) of the scheduler's timers due up to now, in due order."""

    def next_due_ms(self) -> int | None:
        """Return the earliest due time of both kinds; None if nothing is set."""

    def calling(self) -> Iterator[ThreadRecord]:
        """Iterate over the threads that have pending activity calls."""


class Runner(Protocol):
    """Owns the clock and the connection; one engine."""

    def run(self, until_idle: bool, stop: threading.Event) -> None:
        """Work until `stop` is set; with `until_idle`, until nothing is left to do now.

        Idle means: no record is left, no timer is due, no activity runs. Timers of the future and
        the back-off of failed activities are not waited for.
        """

    def close(self) -> None:
        """Let go of the store and of what runs beside the engine. May be called twice."""


class Client(Protocol):
    """What the command line needs of a runner's log and store, engine running or not."""

    def send(self, records: Iterable[OutRecord]) -> None:
        """Append the records, all or nothing; they are durable when this returns."""

    def tail(
        self, topic: str, *, from_start: bool, count: int | None, timeout_s: float | None
    ) -> Iterator[Record]:
        """Iterate over the committed records of a topic as they come.

        Args:
            topic: The topic; it need not exist yet.
            from_start: Begin with the oldest record, not with the next one to come.
            count: End after so many records; None for no end.
            timeout_s: End after so many seconds without a new one; None to wait for ever.
        """

    def threads(self) -> Iterator[ThreadRecord]:
        """Iterate over all threads that live."""

    def thread(self, thread_id: str) -> ThreadRecord | None:
        """Return what is kept for one thread."""

    def timers(self, thread_id: str) -> list[tuple[int, bytes]]:
        """Return (due time, key) of the scheduler's timers set for the thread, in due order."""

    def layouts(self) -> dict[str, bytes]:
        """Return the layouts of code that an engine has stored, by code id."""

    def topics(self) -> list[TopicInfo]:
        """Return the topics that there are."""

    def close(self) -> None:
        """Let go of the connection."""


def open_runner(settings: Settings, program: Program) -> Runner:
    """Open the runner that the settings name, for the program.

    Raises:
        ConfigError: There is no such runner, or what it needs is not installed.
    """
    if settings.runner == "sqlite":
        from kwf_runtime.runners.sqlite import SqliteRunner

        return SqliteRunner(program, settings)
    if settings.runner == "memory":
        from kwf_runtime.runners.memory import MemoryRunner

        return MemoryRunner(program, settings)
    if settings.runner == "kafka":
        from kwf_runtime.runners.kafka import KafkaRunner

        return KafkaRunner(program, settings)
    raise _no_such_runner(settings)


def open_client(settings: Settings) -> Client:
    """Open a client of the runner that the settings name.

    Raises:
        ConfigError: There is no such runner, or what it needs is not installed.
    """
    if settings.runner == "sqlite":
        from kwf_runtime.runners.sqlite_client import SqliteClient

        return SqliteClient(settings)
    if settings.runner == "memory":
        from kwf_runtime.runners.memory import MemoryClient

        return MemoryClient(settings)
    if settings.runner == "kafka":
        from kwf_runtime.runners.kafka_client import KafkaClient

        return KafkaClient(settings)
    raise _no_such_runner(settings)


def _no_such_runner(settings: Settings) -> ConfigError:
    return ConfigError(
        f"workflow.runner={settings.runner} is not available in this version of kwf: "
        "use sqlite, kafka or memory"
    )
