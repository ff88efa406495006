"""The one place where an event meets a state; every runner uses it.

A runner asks for a batch (`begin`), feeds records, due timers and outcomes of activities into it,
commits what the batch says together with its position in the log, and then tells `committed` or
`discard`. Nothing here does I/O besides reading the store; the time comes in as a value.

What an event does depends on its thread: one that waits is stepped; with one that is parked the
event is kept; without a thread, or without anybody who waits, `workflow.unmatched` decides. What no
step can take becomes a dead letter. Nothing that a record or a thread does raises from here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from kwf_runtime.core.engine import Outcome, Program
from kwf_runtime.core.events import Cancel, Event, Start, TimersDue
from kwf_runtime.errors import UnknownWorkflowError, WireError
from kwf_runtime.runners import calls
from kwf_runtime.runners.batch import Batch, SampledLog
from kwf_runtime.runners.dead_letters import dead_letter
from kwf_runtime.runners.envelope import ThreadRecord
from kwf_runtime.runners.records import OutRecord, Record
from kwf_runtime.runners.stepper import Limits, Stepper, start_record
from kwf_runtime.wire import (
    CANCEL_COMMAND,
    COMMAND_HEADER,
    IF_ABSENT_HEADER,
    RETRY_COMMAND,
    UNKNOWN_WORKFLOW,
    WORKFLOW_HEADER,
    decode_event,
    decode_thread_id,
    decode_timer,
    split_timer_key,
)

if TYPE_CHECKING:
    from kwf_runtime.runners.base import Store
    from kwf_runtime.runners.calls import Codec
    from kwf_runtime.settings import Settings


class Join:
    """Turns records, due timers and outcomes of activities into batches of writes."""

    def __init__(
        self,
        program: Program,
        settings: Settings,
        store: Store,
        *,
        codec: Codec | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Join the events of `store`'s log with its threads.

        Args:
            program: The loaded workflows.
            settings: Policies and names of topics.
            store: What the last commit left.
            codec: Saves and loads threads; `kwf_runtime.serial` if left out.
            limits: Bounds of what one thread may keep and write.
        """
        if codec is None:
            from kwf_runtime import serial

            codec = cast("Codec", serial)
        self._program = program
        self._settings = settings
        self._store = store
        self.codec = codec
        self._limits = limits or Limits()
        self._log = SampledLog()
        self.counters: Counter[str] = Counter()
        self._stepper = Stepper(program, settings, codec, self._limits, self._log)

    def begin(self) -> Batch:
        """Return an empty batch; one at a time."""
        return Batch()

    def committed(self, batch: Batch) -> None:
        """Note that the batch is in the store: its counts become part of the totals."""
        self.counters.update(batch.counters)

    def discard(self, batch: Batch) -> None:
        """Note that the batch is not in the store: drop what its steps have changed in memory."""
        for thread_id in batch.threads:
            self._stepper.cache.drop(thread_id)

    def clear(self) -> None:
        """Drop every decoded thread: the store was changed by somebody else."""
        self._stepper.cache.clear()

    def apply(self, batch: Batch, record: Record, now_ms: int) -> None:
        """Apply a record of `workflow-resume` or `workflow-scheduler`."""
        try:
            if record.topic == self._settings.scheduler_topic:
                self._schedule(batch, record, now_ms)
            else:
                self._apply_event(batch, record, now_ms)
        except WireError as error:
            self._refuse(batch, record, error.code, str(error), exception=error)

    def fire_due(self, batch: Batch, now_ms: int, limit: int = 1000) -> int:
        """Fire what is due of both kinds of timers, in due order; return how many were looked at.

        Fewer than `limit` means that nothing else was due when the batch began.
        """
        due: list[tuple[int, str | bytes]] = [
            *self._store.due_timers(now_ms, limit),
            *self._store.due_threads(now_ms, limit),
        ]
        due.sort(key=lambda item: item[0])
        for due_ms, key in due[:limit]:
            if isinstance(key, bytes):
                self._fire_timer(batch, key, due_ms)
            else:
                self._wake(batch, key, now_ms)
        return min(len(due), limit)

    def activity_done(self, batch: Batch, outcome: calls.ActivityOutcome, now_ms: int) -> None:
        """Deliver the outcome of an activity to the thread that called it, once."""
        current = self._get(batch, outcome.thread_id)
        if current is None or not calls.contains(current.calls, outcome.call_id):
            batch.counters["activity.stale"] += 1
            return
        # The call leaves with the commit that takes its outcome: it never runs again after that.
        current = replace(current, calls=calls.without(current.calls, outcome.call_id))
        record = outcome.as_record(now_ms)
        if current.status == "parked":
            self._keep(batch, current, record, "parked")
        elif self._step(batch, current, record, now_ms) is Outcome.UNMATCHED:
            self._stepper.update(batch, current)
            batch.counters["activity.stale"] += 1
        else:
            self._offer_kept(batch, current.thread_id, now_ms)

    def retry_missing_code(self, batch: Batch, thread_id: str, now_ms: int) -> None:
        """Retry a thread that is parked because its code was not loaded; it may be now."""
        current = self._get(batch, thread_id)
        if current is not None and current.lacks_code:
            self._retry(batch, current, now_ms)

    # --- records of workflow-resume

    def _apply_event(self, batch: Batch, record: Record, now_ms: int) -> None:
        thread_id = decode_thread_id(record.key)
        current = self._get(batch, thread_id)
        if current is not None and record.offset <= current.seen:
            batch.counters["resume.duplicate"] += 1
            return
        command = record.header(COMMAND_HEADER)
        if command == RETRY_COMMAND:
            if current is None or current.status != "parked":
                batch.counters["retry.not_parked"] += 1
            else:
                self._retry(batch, replace(current, seen=record.offset), now_ms)
            return
        event = self._decode(record)
        if isinstance(event, Start):
            self._start(batch, current, event, record, now_ms)
        elif current is None:
            self._unmatched_thread(batch, thread_id, record)
        elif current.status == "parked":
            self._keep(batch, current, record, "parked")
        elif current.status == "buffered":
            self._unmatched_thread(batch, thread_id, record)
        elif self._stepper.step(batch, current, lambda: event, record, now_ms) is Outcome.UNMATCHED:
            self._unmatched_ref(batch, current, record)
        else:
            self._offer_kept(batch, thread_id, now_ms)

    def _decode(self, record: Record, default: str = "") -> Event:
        """Return the event of a record: of the log, or one that was kept.

        Args:
            record: The record.
            default: Name of the workflow that a plain `new:` starts; empty for the program's.
        """
        if record.topic == calls.OUTCOME_TOPIC:
            return calls.decode_outcome(record, self.codec)
        command = record.header(COMMAND_HEADER)
        if command == CANCEL_COMMAND:
            return Cancel()
        if command is not None:
            shown = command[:40].decode(errors="backslashreplace")
            raise WireError("bad-command", f"unknown command {shown!r} (cancel, retry)")
        name = record.header(WORKFLOW_HEADER) or b""
        try:
            workflow = name.decode()
        except UnicodeDecodeError as error:
            raise WireError("bad-header", f"header {WORKFLOW_HEADER} is not UTF-8") from error
        event = decode_event(record.value, workflow)
        if isinstance(event, Start):
            return replace(event, workflow=self._workflow_name(event.workflow or default))
        return event

    def _workflow_name(self, name: str) -> str:
        try:
            return self._program.find(name).name
        except UnknownWorkflowError as error:
            raise WireError(UNKNOWN_WORKFLOW, str(error)) from error

    def _start(
        self, batch: Batch, current: ThreadRecord | None, event: Start, record: Record, now_ms: int
    ) -> None:
        thread_id = decode_thread_id(record.key)
        kept: tuple[Record, ...] = ()
        if current is not None and current.status == "buffered":
            kept = current.kept
        elif current is not None:
            if record.has_header(IF_ABSENT_HEADER) or self._settings.new_existing == "ignore":
                batch.counters["new.ignored"] += 1
                return
            if self._settings.new_existing == "reject":
                message = f"thread {thread_id!r} lives: end it first, or use another id"
                self._refuse(batch, record, "thread-exists", message, thread_id=thread_id)
                return
            batch.counters["new.replaced"] += 1
            self._stepper.remove(batch, current)
            for lost in current.kept:
                self._refuse(
                    batch, lost, "replaced", "its thread was replaced", thread_id=thread_id
                )
        fresh = replace(start_record(thread_id, event.workflow), kept=kept)
        if self._stepper.step(batch, fresh, lambda: event, record, now_ms) is not None:
            self._offer_kept(batch, thread_id, now_ms)

    # --- timers

    def _schedule(self, batch: Batch, record: Record, now_ms: int) -> None:
        written_ms = record.timestamp_ms if record.timestamp_ms >= 0 else now_ms
        change = decode_timer(record.key, record.value, written_ms)
        batch.timers[change.key] = change.due_ms
        batch.counters["timer.cancelled" if change.due_ms is None else "timer.set"] += 1

    def _fire_timer(self, batch: Batch, key: bytes, due_ms: int) -> None:
        if batch.timers.get(key, due_ms) != due_ms:
            return  # a record of this batch has cancelled or moved it
        batch.timers[key] = None
        thread_id, value = split_timer_key(key)
        batch.outputs.append(OutRecord(self._settings.resume_topic, thread_id, value))
        batch.counters["timer.fired"] += 1

    def _wake(self, batch: Batch, thread_id: str, now_ms: int) -> None:
        current = self._get(batch, thread_id)
        if current is None or current.wake_ms is None or current.wake_ms > now_ms:
            # A record of this batch has changed the thread; or the store's index is wrong, as after
            # damage: then writing the record rights it, and it does not come up for ever.
            batch.threads.setdefault(thread_id, current)
            return
        if self._stepper.step(batch, current, TimersDue, None, now_ms) is not None:
            self._offer_kept(batch, thread_id, now_ms)

    # --- events that nobody takes now

    def _unmatched_thread(self, batch: Batch, thread_id: str, record: Record) -> None:
        if record.topic == calls.OUTCOME_TOPIC:
            batch.counters["activity.stale"] += 1
            return
        batch.counters["resume.unknown_thread"] += 1
        if self._settings.unmatched == "buffer" and not record.has_header(COMMAND_HEADER):
            current = self._get(batch, thread_id) or replace(
                start_record(thread_id, ""), status="buffered"
            )
            self._keep(batch, current, record, "buffered")
            return
        self._drop_unmatched(batch, record, "unknown-thread", thread_id)

    def _unmatched_ref(self, batch: Batch, current: ThreadRecord, record: Record) -> None:
        if record.topic == calls.OUTCOME_TOPIC:
            batch.counters["activity.stale"] += 1
            return
        batch.counters["resume.unknown_ref"] += 1
        if self._settings.unmatched == "buffer":
            self._keep(batch, current, record, "buffered")
            return
        self._drop_unmatched(batch, record, "unknown-ref", current.thread_id)

    def _drop_unmatched(self, batch: Batch, record: Record, reason: str, thread_id: str) -> None:
        if self._settings.unmatched == "dead-letter":
            message = "no thread of that id lives, or it does not wait for that ref"
            self._refuse(batch, record, reason, message, thread_id=thread_id)
            return
        self._log.warn(
            reason, "record %d for thread %r is skipped: %s", record.offset, thread_id, reason
        )

    def _keep(self, batch: Batch, current: ThreadRecord, record: Record, why: str) -> None:
        """Keep an event with its thread, in order; over the limit it is a dead letter."""
        size = record.size + sum(kept.size for kept in current.kept)
        if len(current.kept) >= self._limits.kept_events or size > self._limits.kept_bytes:
            message = f"thread {current.thread_id!r} keeps {len(current.kept)} events already"
            self._refuse(batch, record, f"{why}-full", message, thread_id=current.thread_id)
            self._stepper.update(batch, current)
            return
        seen = max(current.seen, record.offset)
        self._stepper.update(batch, replace(current, kept=(*current.kept, record), seen=seen))
        batch.counters[f"kept.{why}"] += 1

    def _offer_kept(self, batch: Batch, thread_id: str, now_ms: int) -> None:
        """Offer the events that came too early to a thread that has just been stepped."""
        index = 0
        while True:
            current = self._get(batch, thread_id)
            if current is None or current.status != "waiting" or index >= len(current.kept):
                return
            record = current.kept[index]
            rest = current.kept[:index] + current.kept[index + 1 :]
            outcome = self._step(batch, replace(current, kept=rest), record, now_ms)
            if outcome is None:
                self._restore_kept(batch, thread_id, current.kept)
                return
            # Once one was taken, an earlier one may be wanted.
            index = index + 1 if outcome is Outcome.UNMATCHED else 0

    def _restore_kept(self, batch: Batch, thread_id: str, kept: tuple[Record, ...]) -> None:
        parked = batch.threads[thread_id]
        if parked is not None:
            batch.threads[thread_id] = replace(parked, kept=kept)

    def _retry(self, batch: Batch, current: ThreadRecord, now_ms: int) -> None:
        """Apply the kept events of a parked thread in order, until one parks it again."""
        batch.counters["retry"] += 1
        waiting = replace(current, status="waiting", reason=None, kept=())
        batch.threads[current.thread_id] = waiting
        for index, kept in enumerate(current.kept):
            thread = self._get(batch, current.thread_id)
            if thread is None:
                self._unmatched_thread(batch, current.thread_id, kept)
            elif thread.status == "parked":
                rest = thread.kept + current.kept[index:]
                self._restore_kept(batch, current.thread_id, rest)
                return
            elif self._step(batch, thread, kept, now_ms) is Outcome.UNMATCHED:
                self._unmatched_ref(batch, thread, kept)
        self._offer_kept(batch, current.thread_id, now_ms)

    # --- helpers

    def _step(
        self, batch: Batch, current: ThreadRecord, record: Record, now_ms: int
    ) -> Outcome | None:
        # A start that was kept starts what it would have started then, whatever is first now.
        return self._stepper.step(
            batch, current, lambda: self._decode(record, current.workflow), record, now_ms
        )

    def _get(self, batch: Batch, thread_id: str) -> ThreadRecord | None:
        if thread_id in batch.threads:
            return batch.threads[thread_id]
        return self._stepper.cache.record(thread_id) or self._store.get(thread_id)

    def _refuse(
        self,
        batch: Batch,
        record: Record,
        reason: str,
        message: str,
        *,
        thread_id: str | None = None,
        exception: BaseException | None = None,
    ) -> None:
        batch.outputs.append(
            dead_letter(
                self._settings.dead_letter_topic,
                record,
                reason,
                message,
                thread_id=thread_id,
                exception=exception,
            )
        )
        batch.counters[f"dead_letter.{reason}"] += 1
        self._log.warn(
            f"dead_letter.{reason}",
            "record %d of %s is a dead letter: %s",
            record.offset,
            record.topic,
            message,
        )
