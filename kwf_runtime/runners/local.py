"""The loop of the runners whose log and store are one (memory, SQLite): a turn is one micro-batch.

A turn takes what has come: records of the scheduler's topic first, so that a cancellation which is
in the log beats the timer; then records of `workflow-resume`, outcomes of activities, due timers;
and commits all of it with the positions. Greedy: the longer a commit takes, the more the next one
holds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from kwf_runtime.core import activity
from kwf_runtime.errors import KwfError
from kwf_runtime.runners import failpoints
from kwf_runtime.runners.activities import ActivityPool
from kwf_runtime.runners.base import Clock, Store
from kwf_runtime.runners.join import Join
from kwf_runtime.runners.layouts import encode_layouts
from kwf_runtime.runners.records import Record
from kwf_runtime.serial.registry import DEFAULT

if TYPE_CHECKING:
    from kwf_runtime.core.engine import Program
    from kwf_runtime.runners.batch import Batch
    from kwf_runtime.runners.calls import ActivityOutcome, Codec
    from kwf_runtime.runners.envelope import ThreadRecord
    from kwf_runtime.runners.stepper import Limits
    from kwf_runtime.settings import Settings

TURN_RECORDS = 1000
_POLL_S = 0.01
_BUSY_PAUSE_S = 1.0
_LOG = logging.getLogger("kwf.runner")


def find_activity(name: str) -> Callable[..., object] | None:
    """Return the function of an activity; None if no loaded module has it."""
    found = activity.find_activity(name)
    return None if found is None else found.function


def system_clock_ms() -> int:
    """Return the time in ms since the epoch."""
    return time.time_ns() // 1_000_000


class StoreBusyError(KwfError):
    """The store cannot be written now (disk full, locked); it may be later."""


class LogStore(Store, Protocol):
    """A log of records and the store of the threads, committed together."""

    def position(self, topic: str) -> int:
        """Return the offset of the first record of the topic that no commit has covered."""

    def parked(self) -> Iterator[ThreadRecord]:
        """Iterate over the threads that are parked."""

    def end(self, topic: str) -> int:
        """Return the offset that the next record of the topic will get."""

    def read(self, topic: str, offset: int, limit: int) -> list[Record]:
        """Return records of the topic from that offset on; fewer than `limit` if they are large."""

    def commit(self, batch: Batch, positions: dict[str, int], now_ms: int) -> None:
        """Write the batch and the positions, all or nothing; durable on return."""

    def save_layouts(self, layouts: dict[str, bytes]) -> None:
        """Keep the layouts of the code that the engine runs, besides those that are there."""

    def changed(self) -> bool:
        """Tell, cheaply, whether somebody else may have written since the last call."""

    def close(self) -> None:
        """Let go of the store. May be called twice."""


class LocalRunner:
    """Steps the threads of one `LogStore`."""

    def __init__(
        self,
        program: Program,
        settings: Settings,
        log: LogStore,
        *,
        clock: Clock = system_clock_ms,
        codec: Codec | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Run the program's workflows on that log.

        Args:
            program: The loaded workflows.
            settings: Policies and names of topics.
            log: The log and the store; closed with the runner.
            clock: The time; tests bring their own.
            codec: Saves and loads threads; `kwf_runtime.serial` if left out.
            limits: Bounds of what one thread may keep and write.
        """
        self._log = log
        self._clock = clock
        self.join = Join(program, settings, log, codec=codec, limits=limits)
        self._topics = (settings.scheduler_topic, settings.resume_topic)
        self._positions = {topic: log.position(topic) for topic in self._topics}
        self._activities = ActivityPool(find_activity, clock, self.join.codec)
        log.save_layouts(encode_layouts(DEFAULT))
        for record in log.calling():
            for call in record.calls:
                self._activities.start(record.thread_id, call)
        # This engine may have the code that an earlier one lacked.
        self._retries = [record.thread_id for record in log.parked() if record.lacks_code]
        # Taken from the pool and not committed yet: a failed commit must not lose them.
        self._outcomes: list[ActivityOutcome] = []

    def run(self, until_idle: bool, stop: threading.Event) -> None:
        """See `base.Runner.run`."""
        while not stop.is_set():
            try:
                if self.turn():
                    continue
            except StoreBusyError as error:
                _LOG.error("%s; trying again every %g s", error, _BUSY_PAUSE_S)
                stop.wait(_BUSY_PAUSE_S)
                continue
            if until_idle and self._activities.idle():
                return
            self._wait(until_idle, stop)

    def turn(self, limit: int = TURN_RECORDS) -> bool:
        """Take what has come, up to `limit` records a topic, and commit it.

        Returns:
            False if nothing had come.
        """
        now_ms = self._clock()
        batch = self.join.begin()
        try:
            worked = self._fill(batch, now_ms, limit)
            if not worked:
                return False
            failpoints.hit("before_commit")
            self._log.commit(batch, self._positions, now_ms)
        except BaseException:
            # The positions may be ahead of what is committed, so the runner starts over from it.
            self.join.discard(batch)
            self._positions = {topic: self._log.position(topic) for topic in self._topics}
            raise
        failpoints.hit("after_commit")
        self.join.committed(batch)
        del self._retries[:limit]
        self._outcomes.clear()
        for thread_id, call_id in batch.cancelled:
            self._activities.cancel(thread_id, call_id)
        for thread_id, call in batch.calls:
            self._activities.start(thread_id, call)
        return True

    def _fill(self, batch: Batch, now_ms: int, limit: int) -> bool:
        worked = False
        for topic in self._topics:
            records = self._log.read(topic, self._positions[topic], limit)
            for record in records:
                self.join.apply(batch, record, now_ms)
            if records:
                self._positions[topic] = records[-1].offset + 1
                worked = True
        for thread_id in self._retries[:limit]:
            self.join.retry_missing_code(batch, thread_id, now_ms)
            worked = True
        self._outcomes += self._activities.take()
        for outcome in self._outcomes:
            self.join.activity_done(batch, outcome, now_ms)
            worked = True
        scheduler = self._topics[0]
        # A record that is not read yet may cancel what is due: those records come first.
        if self._positions[scheduler] >= self._log.end(scheduler):
            worked = self.join.fire_due(batch, now_ms, limit) > 0 or worked
        return worked

    def _wait(self, until_idle: bool, stop: threading.Event) -> None:
        """Return when there may be something to do: a look every few ms, a read only if need be."""
        due_ms = self._log.next_due_ms()
        while not stop.wait(_POLL_S):
            if self._log.changed() or self._activities.ready():
                return
            if due_ms is not None and due_ms <= self._clock():
                return
            if until_idle and self._activities.idle():
                return

    def close(self) -> None:
        """Stop the activities and let go of the log."""
        self._activities.close()
        self._log.close()
