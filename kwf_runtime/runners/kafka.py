"""The Kafka runner: a member of the group on `workflow-resume` and `workflow-scheduler`.

A turn takes the records that have come, steps their threads, and only then opens a transaction, so
a slow step cannot let one expire. Outputs, changelog and offsets are committed together; the local
stores follow, and are a cache of a committed prefix at any moment. Whatever goes wrong on the way
(a rebalance, a fenced producer, a commit whose end nobody knows) ends in the same place: what was
decoded is dropped, the stores are brought to the end of the changelog, and reading starts again
from the position that they say. Failures of the broker never end the process.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaException

from kwf_runtime.runners import failpoints
from kwf_runtime.runners.activities import ActivityPool
from kwf_runtime.runners.calls import call_id_of
from kwf_runtime.runners.join import Join
from kwf_runtime.runners.kafka_changelog import CODE, NO_OFFSET
from kwf_runtime.runners.kafka_commit import LAYOUT_PARTITION, Committer, Work, value_bytes
from kwf_runtime.runners.kafka_config import LOG, BrokerError, warn_overridden
from kwf_runtime.runners.kafka_hash import partition_for
from kwf_runtime.runners.kafka_input import KafkaInput, Part, cut_error, gap_error
from kwf_runtime.runners.kafka_local import Workplace
from kwf_runtime.runners.kafka_producer import (
    ProducerLostError,
    TransactionAbortedError,
    TransactionalProducer,
)
from kwf_runtime.runners.kafka_restore import Restorer
from kwf_runtime.runners.kafka_store import StoreSet
from kwf_runtime.runners.kafka_topics import TopicAdmin, check_topics
from kwf_runtime.runners.layouts import encode_layouts
from kwf_runtime.runners.local import TURN_RECORDS, StoreBusyError, find_activity, system_clock_ms
from kwf_runtime.runners.stepper import Limits
from kwf_runtime.serial.registry import DEFAULT

if TYPE_CHECKING:
    from kwf_runtime.core.engine import Program
    from kwf_runtime.runners.base import Clock
    from kwf_runtime.runners.calls import ActivityOutcome, Codec
    from kwf_runtime.runners.kafka_changelog import Changes
    from kwf_runtime.runners.records import Record
    from kwf_runtime.settings import Settings

WORKER_VARIABLE: Final = "KWF_WORKER"
_WAIT_S: Final = 0.2
_BUSY_WAIT_S: Final = 0.02
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 5.0


class KafkaRunner:
    """One worker: one OS process, one consumer, one producer."""

    def __init__(
        self,
        program: Program,
        settings: Settings,
        *,
        worker: int | None = None,
        clock: Clock = system_clock_ms,
        codec: Codec | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Check the topics and join the group.

        Args:
            program: The loaded workflows.
            settings: Names the broker, the topics, the group and the policies.
            worker: Number of this worker among those of the folder; `KWF_WORKER`, or 0.
            clock: The time; tests bring their own.
            codec: Saves and loads threads; `kwf_runtime.serial` if left out.
            limits: Bounds of what one thread may keep and write.

        Raises:
            ConfigError: A topic is missing or does not fit, or the store's folder is no use.
            KwfError: The broker does not answer.
        """
        warn_overridden(settings)
        self._settings = settings
        self._clock = clock
        self._admin = TopicAdmin(settings)
        outputs = sorted(_output_topics(program))
        self._stores = StoreSet(check_topics(settings, self._admin, outputs))
        self._origin = self._admin.identity(settings.changelog_topic)
        self._tombstone_ms = self._admin.tombstone_ms(settings.changelog_topic)
        self.join = Join(
            program,
            settings,
            self._stores,
            codec=codec,
            limits=limits or Limits(output_bytes=value_bytes(settings)),
        )
        self.counters: Counter[str] = Counter()
        self._activities = ActivityPool(find_activity, clock, self.join.codec)
        self._running: set[tuple[str, str]] = set()
        self._outcomes: list[ActivityOutcome] = []
        self._committer = Committer(settings, self._stores)
        self._restorer = Restorer(settings, self._admin)
        self._producer: TransactionalProducer | None = None
        self._layouts: Changes = {}
        self._retries: list[str] = []
        self._limit = TURN_RECORDS
        self._failures = 0
        self._until_idle = False
        self._place = Workplace(
            settings, int(os.environ.get(WORKER_VARIABLE, "0")) if worker is None else worker
        )
        self._input = KafkaInput(settings, self._place.transactional_id, self._release)
        self._stores.read_until_ms = self._input.read_until_ms
        self._closed = False

    # --- the loop

    def run(self, until_idle: bool, stop: threading.Event) -> None:
        """See `base.Runner.run`."""
        self._until_idle = until_idle
        while not stop.is_set():
            try:
                if not self._ready(stop):
                    continue
                worked = self.turn()
                self._failures = 0
                if not worked and until_idle and self._idle():
                    return
            except TransactionAbortedError as error:
                self._recover("the transaction was aborted", error, stop)
            except ProducerLostError as error:
                self._drop_producer()
                self._recover("a new producer is needed", error, stop)
            except (BrokerError, StoreBusyError) as error:
                self._recover("waiting", error, stop)
            except KafkaException as error:
                self._rejoin()
                self._recover("a new consumer was needed", error, stop)

    def turn(self) -> bool:
        """Take what has come, and commit it; False: nothing had come."""
        records = self._input.receive(self._limit, self._patience_s())
        if not self._owns_all():
            return False
        group = self._input.group()
        now_ms = self._clock()
        batch = self.join.begin()
        work = Work(batch, dict(self._input.positions), group)
        try:
            if not self._fill(work, records, now_ms):
                return False
            if self._producer is None:
                self._producer = self._open_producer()
            self._committer.commit(self._producer, work, now_ms)
        except BaseException:
            self.join.discard(batch)
            raise
        failpoints.hit("after_store")
        self._after_commit(work, now_ms)
        return True

    def _fill(self, work: Work, records: list[Record], now_ms: int) -> bool:
        partitions, batch = self._stores.partitions, work.batch
        for record in records:
            number = record.partition
            work.touched.add(number)
            if record.key is not None and partition_for(record.key, partitions) != number:
                work.forwards.append(record)
                batch.counters["misrouted"] += 1
            else:
                self.join.apply(batch, record, now_ms)
        for thread_id in self._retries[: self._limit]:
            self.join.retry_missing_code(batch, thread_id, now_ms)
        self._outcomes += self._activities.take()
        for outcome in self._outcomes:
            self.join.activity_done(batch, outcome, now_ms)
        if LAYOUT_PARTITION in self._stores.owned:
            work.layouts = self._layouts
        fired = self.join.fire_due(batch, now_ms, self._limit)
        return bool(records or self._outcomes or fired or work.layouts or self._retries)

    def _after_commit(self, work: Work, now_ms: int) -> None:
        batch = work.batch
        for outcome in self._outcomes:
            self._running.discard((outcome.thread_id, outcome.call_id))
        self._outcomes.clear()
        del self._retries[: self._limit]
        if work.layouts:
            self._layouts = {}
        self.counters += batch.counters
        if work.forwards:
            LOG.warning(
                "%d records came to a wrong partition and were forwarded: their producer must "
                "hash keys with murmur2 (librdkafka: partitioner=murmur2_random)",
                len(work.forwards),
            )
        cancelled, calls = batch.cancelled, batch.calls
        self.join.committed(batch)
        for thread_id, call_id in cancelled:
            self._activities.cancel(thread_id, call_id)
            self._running.discard((thread_id, call_id))
        for thread_id, call in calls:
            self._start_activity(thread_id, call)
        self._limit = min(self._limit * 2, TURN_RECORDS)

    def _start_activity(self, thread_id: str, call: bytes) -> None:
        key = (thread_id, call_id_of(call))
        if key not in self._running:
            self._running.add(key)
            self._activities.start(thread_id, call)

    def _patience_s(self) -> float:
        """Return for how long to wait for records when there are none."""
        if self._activities.ready() or self._outcomes:
            return 0.0
        hurry = self._until_idle or not self._activities.idle()
        wait_s = _BUSY_WAIT_S if hurry else _WAIT_S
        due_ms = self._stores.next_due_ms()
        if due_ms is None:
            return wait_s
        left_s = (due_ms - self._clock()) / 1000
        # What is due, but not fired, waits for records that are in the log.
        return min(wait_s, left_s if left_s > 0 else _BUSY_WAIT_S)

    def _idle(self) -> bool:
        """Tell whether nothing is left that can be done now."""
        if not self._owns_all() or not self._activities.idle() or self._outcomes:
            return False
        due_ms = self._stores.next_due_ms()
        if due_ms is not None and due_ms <= self._clock():
            return False
        ends = self._admin.offsets(self._input.parts())
        return all(self._input.positions.get(part, -1) >= end for part, end in ends.items())

    # --- coming and going of partitions

    def _owns_all(self) -> bool:
        return (
            self._input.assigned is not None and self._input.assigned == self._stores.owned.keys()
        )

    def _ready(self, stop: threading.Event) -> bool:
        """Tell whether the stores are complete; bring them there if they are not."""
        if self._input.assigned is None:
            self._input.receive(1, _BUSY_WAIT_S)
        if self._input.assigned is None:
            return False
        if self._owns_all() and self._input.positions.keys() == set(self._input.parts()):
            return True
        # First of all: it settles what an earlier producer of this worker has left open.
        if self._producer is None:
            self._producer = self._open_producer()
        return self._restore(stop)

    def _open_producer(self) -> TransactionalProducer:
        return TransactionalProducer(self._settings, self._place.transactional_id)

    def _restore(self, stop: threading.Event) -> bool:
        """Bring the stores of all assigned partitions to the end of the changelog, and read on."""
        revision, now_ms = self._input.revision, self._clock()
        numbers = sorted(self._input.assigned or ())
        changelog = self._settings.changelog_topic
        ends = self._admin.offsets((changelog, number) for number in numbers)
        for number in numbers:
            if number not in self._stores.owned:
                self._stores.owned[number] = self._place.open(
                    number, self._origin, ends[changelog, number], self._tombstone_ms, now_ms
                )

        def keep_on() -> bool:
            self._input.tick()
            return self._input.revision == revision and not stop.is_set()

        if not self._restorer.restore(self._stores.owned, keep_on=keep_on) or not keep_on():
            return False
        self._layouts = self._new_layouts()
        self._input.start(self._start_positions())
        # This engine may have the code that an earlier one lacked.
        self._retries = [r.thread_id for r in self._stores.parked() if r.lacks_code]
        for record in self._stores.calling():
            for call in record.calls:
                self._start_activity(record.thread_id, call)
        return True

    def _new_layouts(self) -> Changes:
        """Return the layouts of the loaded code that the changelog does not have."""
        store = self._stores.owned.get(LAYOUT_PARTITION)
        if store is None:
            return {}
        known = dict(store.entries(CODE))
        own = encode_layouts(DEFAULT)
        return {CODE + k.encode(): v for k, v in own.items() if known.get(k.encode()) != v}

    def _start_positions(self) -> dict[Part, int]:
        """Return where to read on: what the changelog or the group says, whichever is further.

        They are equal, unless the group's offsets have expired or somebody has moved them. Moved
        back, they cannot undo what was applied.
        """
        parts = self._input.parts()
        first, end = self._admin.offsets(parts, earliest=True), self._admin.offsets(parts)
        group = self._admin.group_offsets(self._settings.application_id, parts)
        positions: dict[Part, int] = {}
        for part in parts:
            topic, number = part
            applied = self._stores.owned[number].position()
            own = applied.resume if topic == self._settings.resume_topic else applied.scheduler
            position = max(own, group[part])
            if position == NO_OFFSET:
                position = first[part]
            elif position < first[part]:
                raise gap_error(topic, number, position)
            elif position > end[part]:
                raise cut_error(topic, number, position, end[part])
            positions[part] = position
        return positions

    def _release(self, lost: bool) -> None:
        """Let go of all partitions: the group wants them, or has given them to others."""
        if not lost:
            for store in self._stores.owned.values():
                store.touch(self._clock())
        self._stores.close()
        self.join.clear()

    # --- when something went wrong

    def _recover(self, what: str, error: Exception, stop: threading.Event) -> None:
        """Go back to what is committed; wait a little longer each time."""
        self._failures += 1
        self._limit = max(self._limit // 4, 1)
        LOG.warning("%s: %s", what, error)
        self.join.clear()
        self._input.pause()
        self.counters["aborts"] += 1
        stop.wait(min(_FIRST_PAUSE_S * 2 ** min(self._failures, 10), _LONGEST_PAUSE_S))

    def _drop_producer(self) -> None:
        if self._producer is not None:
            self._producer.destroy()
            self._producer = None

    def _rejoin(self) -> None:
        self._input.close()
        self._stores.close()
        self._input = KafkaInput(self._settings, self._place.transactional_id, self._release)
        self._stores.read_until_ms = self._input.read_until_ms

    def close(self) -> None:
        """Leave the group, and let go of everything."""
        if self._closed:
            return
        self._closed = True
        self._activities.close()
        self._input.close()
        self._stores.close()
        self._drop_producer()
        self._place.close()


def _output_topics(program: Program) -> set[str]:
    topics: set[str] = set()
    for workflow in program.workflows.values():
        config = workflow.config
        topics |= config.output_topics
        topics |= {name for name in (config.result_topic, config.error_topic) if name}
    return topics
