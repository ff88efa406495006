"""A thread under test: events in, results out, with a clock and step ids of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kwf_runtime.core.engine import Outcome, Program, StepResult, Workflow, WorkflowConfig, step
from kwf_runtime.core.events import ActivityDone, Cancel, Event, Resume, Start, TimersDue
from kwf_runtime.core.outputs import Output
from kwf_runtime.core.thread import WorkflowThread

SECOND = 1000


class Driver:
    """Steps one thread of one workflow."""

    def __init__(
        self, function: Callable[..., Any], *, now_ms: int = 1_000_000, **config: Any
    ) -> None:
        config["output_topics"] = set(config.get("output_topics", {"out"}))
        config["channels"] = set(config.get("channels", ()))
        workflow = Workflow("test", function, config=WorkflowConfig(**config))
        self.program = Program({"test": workflow}, "test")
        self.thread: WorkflowThread | None = None
        self.now_ms = now_ms
        self.offset = 0
        self.outputs: list[Output] = []
        self.result: StepResult | None = None

    def send(self, event: Event) -> StepResult:
        """Apply one event, as a runner does."""
        result = step(
            self.program,
            "t1",
            self.thread,
            event,
            step_id=str(self.offset),
            now_ms=self.now_ms,
        )
        self.offset += 1
        self.thread = result.thread
        self.outputs.extend(result.outputs)
        self.result = result
        return result

    def start(self, argument: object = None) -> StepResult:
        return self.send(Start("", argument))

    def resume(self, ref: str, value: object = None) -> StepResult:
        return self.send(Resume(ref, value))

    def reject(self, ref: str, error: object) -> StepResult:
        return self.send(Resume(ref, error=error))

    def done(self, call_id: str, value: object = None) -> StepResult:
        return self.send(ActivityDone(call_id, value))

    def failed(self, call_id: str, error: BaseException) -> StepResult:
        return self.send(ActivityDone(call_id, error=error))

    def cancel(self) -> StepResult:
        return self.send(Cancel())

    def tick(self, ms: int = 0) -> StepResult:
        """Let time pass, and fire what is due then."""
        self.now_ms += ms
        return self.send(TimersDue())

    def run_timers(self) -> StepResult:
        """Fire timers, each at its time, until the thread ends or none is left."""
        result = self.result
        assert result is not None
        while result.outcome is Outcome.WAITING and result.due_ms is not None:
            self.now_ms = max(self.now_ms, result.due_ms)
            result = self.send(TimersDue())
        return result
