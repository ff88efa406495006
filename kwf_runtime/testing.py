"""For tests of workflows: a virtual clock for plain asyncio, and a thread to step by hand.

``run`` and ``advance`` are for workflows that run natively, with `kwf_runtime.mock`; ``Thread``
runs a compiled one as the engine does, and by default saves and loads it between any two steps.

Limits: ``Thread`` runs no activities: a test plays them (``calls``, ``deliver``).
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

from kwf_runtime import serial
from kwf_runtime.core.engine import Outcome, StepResult, step
from kwf_runtime.core.events import (
    NO_ERROR,
    ActivityDone,
    Cancel,
    Event,
    Resume,
    Start,
    TimersDue,
)
from kwf_runtime.core.outputs import CallActivity, CancelActivity, Emit
from kwf_runtime.core.program import Program, Workflow, config_in
from kwf_runtime.core.thread import WorkflowThread
from kwf_runtime.lib.clock import VirtualClockLoop, advance, rest, run

__all__ = ["Thread", "VirtualClockLoop", "advance", "rest", "run"]

_SCHEDULER_TOPIC = "workflow-scheduler"


class Thread:
    """One thread of a workflow, stepped by a test.

    Args:
        workflow: the workflow's function, or the module whose ``main`` it is.
        argument: what the function is given.
        thread_id: id of the thread.
        roundtrip: save and load the thread between any two steps.

    Attributes:
        outputs: what was put out so far: topic, key, value.
        calls: the calls of activities that were not answered, by call id.
        now_ms: the virtual time.
        state: the thread as last saved; None if ``roundtrip`` is off, or it has ended.
        last: what the last step did.
    """

    def __init__(
        self,
        workflow: Callable[..., Any] | ModuleType,
        argument: object = None,
        *,
        thread_id: str = "thread",
        roundtrip: bool = True,
    ) -> None:
        function = workflow.main if isinstance(workflow, ModuleType) else workflow
        config = config_in(getattr(inspect.unwrap(function), "__globals__", {}))
        loaded = Workflow(workflow.__name__, function, config=config)
        self.thread_id = thread_id
        self.outputs: list[tuple[str, str, str | None]] = []
        self.calls: dict[str, CallActivity] = {}
        self.now_ms = 0
        self.state: bytes | None = None
        self._program = Program({loaded.name: loaded}, loaded.name)
        self._roundtrip = roundtrip
        self._thread: WorkflowThread | None = None
        self._offset = 0
        self._timers: dict[str, tuple[int, int]] = {}
        self.last = self._step(Start(loaded.name, argument))

    def __repr__(self) -> str:
        return f"<Thread {self.thread_id!r} {self.last.outcome.value}>"

    @property
    def waiting(self) -> list[str]:
        """The ids of the suspensions that it awaits."""
        return list(self._thread.suspensions) if self._thread is not None else []

    @property
    def thread(self) -> WorkflowThread | None:
        """The thread itself, as it is after the last step."""
        return self._thread

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._thread is None

    @property
    def error(self) -> str | None:
        """What ended it, "Type: message"; None if it still waits, or has completed."""
        return self.last.error

    @property
    def result(self) -> Any:
        """What the workflow returned, as its JSON says.

        Raises:
            AssertionError: it still waits, or it has failed.
        """
        if self.last.outcome is Outcome.FAILED:
            raise AssertionError(f"the workflow failed: {self.last.error}\n{self.last.traceback}")
        if self.last.result is None:
            raise AssertionError(f"the workflow still waits for {self.waiting or 'its timers'}")
        return json.loads(self.last.result)

    def resume(self, ref: str, value: object = None) -> None:
        """Settle a suspension, or feed a channel.

        Raises:
            LookupError: nothing waits for that ref.
        """
        self._apply(Resume(ref, value), ref)

    def reject(self, ref: str, error: object) -> None:
        """Settle a suspension with an error, or feed a channel.

        Raises:
            LookupError: nothing waits for that ref.
        """
        self._apply(Resume(ref, None, error), ref)

    def deliver(self, call_id: str, value: object = None, error: Any = NO_ERROR) -> None:
        """Answer a call of an activity.

        Raises:
            LookupError: nothing waits for it.
        """
        self._apply(ActivityDone(call_id, value, error), call_id)

    def cancel(self) -> None:
        """Cancel it, as ``kwf cancel`` does."""
        self._apply(Cancel(), "its main task")

    def advance(self, seconds: float) -> None:
        """Move the virtual time on, firing what gets due on the way in order."""
        end_ms = self.now_ms + round(seconds * 1000)
        while (due := self._next_due()) is not None and due[0] <= end_ms:
            due_ms, key = due
            self.now_ms = max(self.now_ms, due_ms)
            if key is None:
                self._step(TimersDue())
            else:
                del self._timers[key]
                record = json.loads(key.partition("|")[2])
                error = record.get("error", NO_ERROR)
                self._step(Resume(record["ref"], record.get("value"), error))
        self.now_ms = end_ms

    def _next_due(self) -> tuple[int, str | None] | None:
        """When the next timer is due, and its scheduler's key, if it has one."""
        if self._thread is None:
            return None
        dues: list[tuple[int, int, str | None]] = [
            (due_ms, order, key) for key, (due_ms, order) in self._timers.items()
        ]
        if self.last.due_ms is not None:
            dues.append((self.last.due_ms, -1, None))
        if not dues:
            return None
        due_ms, _, key = min(dues)
        return due_ms, key

    def _apply(self, event: Event, ref: str) -> None:
        if self._step(event).outcome is Outcome.UNMATCHED:
            known = ", ".join(map(repr, [*self.waiting, *self.calls])) or "nothing"
            raise LookupError(f"nothing waits for {ref!r}; what does: {known}")

    def _step(self, event: Event) -> StepResult:
        thread = self._thread
        if self.state is not None:
            thread = serial.loads(self.state)
        result = step(
            self._program,
            self.thread_id,
            thread,
            event,
            step_id=str(self._offset),
            now_ms=self.now_ms,
        )
        self._offset += 1
        if result.outcome is Outcome.UNMATCHED:
            return result
        self._thread, self.last = result.thread, result
        if self._roundtrip:
            self.state = None if result.thread is None else serial.dumps(result.thread)
        for output in result.outputs:
            match output:
                case Emit():
                    self._emit(output)
                case CallActivity():
                    self.calls[output.call_id] = output
                case CancelActivity():
                    self.calls.pop(output.call_id, None)
        if isinstance(event, ActivityDone):
            self.calls.pop(event.call_id, None)
        return result

    def _emit(self, record: Emit) -> None:
        self.outputs.append((record.topic, record.key, record.value))
        if record.topic != _SCHEDULER_TOPIC:
            return
        self._timers.pop(record.key, None)
        thread_id = record.key.partition("|")[0]
        if record.value is not None and int(record.value) > 0 and thread_id == self.thread_id:
            self._timers[record.key] = (self.now_ms + int(record.value), len(self.outputs))
