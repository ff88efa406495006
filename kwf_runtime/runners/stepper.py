"""One event applied to one thread inside a batch: load, step, save; or park.

A step is all or nothing for its thread alone: whatever fails (loading, the engine, saving, an
output that cannot be written) leaves the thread's last good record in place, parks it with the
reason and keeps the event. No failure of a thread leaves this module as an exception.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from kwf_runtime.core import engine
from kwf_runtime.core.engine import Outcome, Program, StepResult
from kwf_runtime.core.events import Event, TimersDue
from kwf_runtime.core.outputs import CallActivity, CancelActivity, Emit, Output
from kwf_runtime.errors import CodeMissingError, DecodeError, UnsavableError, WireError
from kwf_runtime.runners import calls
from kwf_runtime.runners.batch import Batch, SampledLog
from kwf_runtime.runners.cache import ThreadCache
from kwf_runtime.runners.envelope import CODE_MISSING, ThreadRecord
from kwf_runtime.runners.records import OutRecord, Record
from kwf_runtime.wire import (
    MAX_DUE_MS,
    RESUME_TOPIC,
    SCHEDULER_TOPIC,
    TRACEBACK_HEADER,
    UNKNOWN_WORKFLOW,
    encode_json,
)

if TYPE_CHECKING:
    from kwf_runtime.core.thread import WorkflowThread
    from kwf_runtime.runners.calls import Codec
    from kwf_runtime.settings import Settings

_MESSAGE_LIMIT = 2000
_LOG = logging.getLogger("kwf.workflow")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of what one thread may keep and write; None stands for no bound.

    Attributes:
        cache_bytes: Budget of the decoded threads that are kept at hand, for all threads.
        kept_events: Events kept for one thread (parked, or before anybody wants them).
        kept_bytes: Keys, values and headers of those events together.
        state_bytes: A thread's saved state.
        output_bytes: Key, value and headers of one output.
    """

    cache_bytes: int = 32 * 1024 * 1024
    kept_events: int = 1000
    kept_bytes: int = 4 * 1024 * 1024
    state_bytes: int | None = 256 * 1024 * 1024
    output_bytes: int | None = 256 * 1024 * 1024


class LimitError(Exception):
    """A state or an output is over its limit; the thread is parked."""


@dataclass(slots=True)
class _Writes:
    """What one step asks for, complete or not used at all."""

    outputs: list[OutRecord]
    calls: list[bytes]
    started: list[bytes]
    cancelled: list[str]


class Stepper:
    """Applies events to threads, within a batch that the caller commits."""

    def __init__(
        self, program: Program, settings: Settings, codec: Codec, limits: Limits, log: SampledLog
    ) -> None:
        """Step the program's threads; `limits` and `log` are the caller's."""
        self._program = program
        self._settings = settings
        self._codec = codec
        self._limits = limits
        self._log = log
        # Workflows name the engine's own topics as the contract does, without the prefix.
        self._topics = {
            RESUME_TOPIC: settings.resume_topic,
            SCHEDULER_TOPIC: settings.scheduler_topic,
        }
        self.cache = ThreadCache(limits.cache_bytes)

    def step(
        self,
        batch: Batch,
        current: ThreadRecord,
        make_event: Callable[[], Event],
        origin: Record | None,
        now_ms: int,
    ) -> Outcome | None:
        """Apply one event to a thread.

        Args:
            batch: Receives the new record and the outputs.
            current: The thread's record; `state` None for one that starts.
            make_event: Returns the event; what it raises parks the thread as a failed step does.
            origin: The record that caused the step; it is kept if the thread is parked.
            now_ms: The time of the step.

        Returns:
            The outcome; None if the thread was parked.
        """
        own_offset = origin is not None and origin.offset > current.position
        if origin is not None and own_offset:
            step_id, position, sub = str(origin.offset), origin.offset, 0
        else:
            position, sub = current.position, current.sub + 1
            step_id = f"{position}.{sub}"
        thread: WorkflowThread | None = None
        try:
            event = make_event()
            thread = self._load(current)
            result = engine.step(
                self._program,
                current.thread_id,
                thread,
                event,
                step_id=step_id,
                now_ms=now_ms,
            )
            if result.outcome in (Outcome.UNMATCHED, Outcome.EXISTS):
                self._untouched(batch, current, event, result)
                return result.outcome
            self._finish(batch, current, (position, sub), result)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and _ctrl_c_raises():
                raise
            self.park(batch, current, error, origin)
            return None
        batch.counters[f"step.{result.outcome.value}"] += 1
        self._report(batch, current, result)
        return result.outcome

    def park(
        self, batch: Batch, current: ThreadRecord, error: BaseException, origin: Record | None
    ) -> None:
        """Park the thread with its last good state, the reason, and the event."""
        self.cache.drop(current.thread_id)
        code = _reason_code(error)
        message = f"{code}: {type(error).__name__}: {_text_of(error)}"[:_MESSAGE_LIMIT]
        kept = current.kept if origin is None else (*current.kept, origin)
        seen = current.seen if origin is None else max(current.seen, origin.offset)
        batch.threads[current.thread_id] = replace(
            current, status="parked", reason=message, kept=kept, seen=seen
        )
        batch.counters[f"parked.{code}"] += 1
        self._log.warn(
            f"parked.{code}",
            "thread %r of %s is parked: %s",
            current.thread_id,
            current.workflow,
            message,
        )

    def update(self, batch: Batch, record: ThreadRecord) -> None:
        """Replace a thread's record, its state untouched."""
        batch.threads[record.thread_id] = record
        thread = self.cache.thread(record)
        if thread is not None:
            self.cache.put(record, thread)

    def remove(self, batch: Batch, current: ThreadRecord) -> None:
        """Let a thread go, with the activities that it waits for."""
        self.cache.drop(current.thread_id)
        batch.threads[current.thread_id] = None
        batch.cancelled.extend((current.thread_id, calls.call_id_of(c)) for c in current.calls)

    def _load(self, current: ThreadRecord) -> WorkflowThread | None:
        if current.state is None:
            return None
        thread = self.cache.thread(current)
        if thread is None:
            thread = cast("WorkflowThread", self._codec.loads(current.state))
            self.cache.put(current, thread)
        return thread

    def _untouched(
        self, batch: Batch, current: ThreadRecord, event: Event, result: StepResult
    ) -> None:
        if not isinstance(event, TimersDue):
            return
        if result.due_ms == current.due_ms:
            raise RuntimeError(f"the timer due at {current.due_ms} did not fire")
        self.update(batch, replace(current, due_ms=result.due_ms))

    def _finish(
        self, batch: Batch, current: ThreadRecord, place: tuple[int, int], result: StepResult
    ) -> None:
        """Put the step's whole effect into the batch; nothing of it if anything fails."""
        thread_id = current.thread_id
        writes = self._encode_outputs(current, result.outputs)
        if result.outcome is Outcome.WAITING:
            if result.thread is None:
                raise RuntimeError("the engine says that the thread waits, but returned none")
            state = self._codec.dumps(result.thread)
            limit = self._limits.state_bytes
            if limit is not None and len(state) > limit:
                raise LimitError(f"the thread's state has {len(state)} bytes, over {limit}")
            position, sub = place
            due_ms = result.due_ms
            record = ThreadRecord(
                thread_id,
                current.workflow,
                "waiting",
                position,
                sub,
                max(current.seen, position),
                None if due_ms is None else min(due_ms, MAX_DUE_MS),
                tuple(writes.calls),
                state,
                None,
                current.kept,
            )
            batch.threads[thread_id] = record
            self.cache.put(record, result.thread)
        else:
            writes.outputs.append(self._last_record(current, result))
            self.remove(batch, replace(current, calls=tuple(writes.calls)))
            writes.started.clear()
        batch.outputs.extend(writes.outputs)
        batch.calls.extend((thread_id, call) for call in writes.started)
        batch.cancelled.extend((thread_id, call_id) for call_id in writes.cancelled)

    def _report(self, batch: Batch, current: ThreadRecord, result: StepResult) -> None:
        for entry in result.logs:
            level = logging.ERROR if entry.level == "error" else logging.WARNING
            tail = f"\n{entry.traceback}" if entry.traceback else ""
            _LOG.log(level, "thread %r: %s%s", current.thread_id, entry.message, tail)
        if result.stuck:
            batch.counters["step.stuck"] += 1
            self._log.warn(
                "stuck",
                "thread %r of %s waits for nothing that could ever come: only kwf cancel ends it",
                current.thread_id,
                current.workflow,
            )

    def _encode_outputs(self, current: ThreadRecord, outputs: tuple[Output, ...]) -> _Writes:
        writes = _Writes([], list(current.calls), [], [])
        for output in outputs:
            match output:
                case Emit():
                    writes.outputs.append(self._encode_emit(output))
                case CallActivity():
                    call = calls.encode_call(output, self._codec)
                    writes.calls.append(call)
                    writes.started.append(call)
                case CancelActivity():
                    writes.calls = list(calls.without(writes.calls, output.call_id))
                    writes.started = list(calls.without(writes.started, output.call_id))
                    writes.cancelled.append(output.call_id)
        return writes

    def _encode_emit(self, output: Emit) -> OutRecord:
        topic = self._topics.get(output.topic)
        if topic is None:
            # What no store could write must fail here, in the step, not in the commit of all.
            output.topic.encode()
            topic = self._topics[output.topic] = output.topic
        for name, _ in output.headers:
            name.encode()
        value = None if output.value is None else output.value.encode()
        return self._checked(OutRecord(topic, output.key.encode(), value, output.headers))

    def _last_record(self, current: ThreadRecord, result: StepResult) -> OutRecord:
        config = self._program.workflows[current.workflow].config
        key = current.thread_id.encode()
        if result.outcome is Outcome.COMPLETED:
            topic = config.result_topic or self._settings.result_topic
            value = "null" if result.result is None else result.result
            return self._checked(OutRecord(topic, key, value.encode()))
        topic = config.error_topic or self._settings.error_topic
        traceback = (result.traceback or "").encode(errors="backslashreplace")
        text = (result.error or "").encode(errors="backslashreplace").decode()
        return self._checked(
            OutRecord(topic, key, encode_json(text).encode(), ((TRACEBACK_HEADER, traceback),))
        )

    def _checked(self, record: OutRecord) -> OutRecord:
        limit = self._limits.output_bytes
        if limit is not None and record.size > limit:
            raise LimitError(f"a record for {record.topic} has {record.size} bytes, over {limit}")
        return record


def start_record(thread_id: str, workflow: str) -> ThreadRecord:
    """Return the record of a thread that no step has been applied to yet."""
    return ThreadRecord(thread_id, workflow)


def _reason_code(error: BaseException) -> str:
    if isinstance(error, UnsavableError):
        return "unsavable"
    if isinstance(error, CodeMissingError):
        return CODE_MISSING
    if isinstance(error, WireError) and error.code == UNKNOWN_WORKFLOW:
        return CODE_MISSING  # of a kept start; one that has just come is a dead letter
    if isinstance(error, DecodeError):
        return "damaged-state"
    if isinstance(error, LimitError):
        return "too-large"
    if isinstance(error, MemoryError):
        return "out-of-memory"
    return "internal"


def _text_of(error: BaseException) -> str:
    """Return the error's text as every store can write it, whatever its class makes of it."""
    try:
        text = str(error)
    except BaseException as second:
        text = f"(its text cannot be had: {type(second).__name__})"
    return text.encode(errors="backslashreplace").decode()


def _ctrl_c_raises() -> bool:
    """Whether a KeyboardInterrupt may be a real Ctrl-C, not one that the workflow raised."""
    return signal.getsignal(signal.SIGINT) is signal.default_int_handler
