"""The engine: one event applied to one thread.

``step`` is a function of its arguments: the clock and the ids come in, outputs come out, and
nothing else is read or written. It runs the thread's loop until nothing is ready.

Limits: a thread whose step raises is broken and must be dropped by the caller (its saved state is
still good); what workflow code raises never comes out of here, it ends a task.
"""

from __future__ import annotations

import contextvars
import enum
import traceback
from asyncio.exceptions import CancelledError
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, assert_never

from kwf_runtime import jsonout
from kwf_runtime.core.current import entered
from kwf_runtime.core.events import ActivityDone, Cancel, Event, Resume, Start, TimersDue
from kwf_runtime.core.outputs import CancelActivity, Log, Output
from kwf_runtime.core.program import Program, Workflow, WorkflowConfig
from kwf_runtime.core.tasks import Task, iscoroutine, strip
from kwf_runtime.core.thread import WorkflowThread
from kwf_runtime.core.traps import Trap
from kwf_runtime.errors import (
    CancelToken,
    CodeMissingError,
    InternalError,
    JsonError,
    UnknownWorkflowError,
)

__all__ = ["Outcome", "Program", "StepResult", "Workflow", "WorkflowConfig", "step"]

_PACKAGE: Final = str(Path(__file__).parents[1])


class Outcome(enum.Enum):
    """What became of the thread."""

    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    UNMATCHED = "unmatched"
    """Nothing waits for that event; nothing has changed."""
    EXISTS = "exists"
    """A start of a thread that lives; nothing has changed."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step has done.

    Attributes:
        thread: the thread to save; None if it has ended, or there was none.
        outcome: what became of it.
        outputs: what the runner has to do, in order.
        due_ms: when the earliest timer of the thread is due.
        result: JSON of the result (COMPLETED).
        error: "Type: message" of what ended it (FAILED).
        traceback: the traceback of that, of workflow code only.
        logs: what the runner has to log.
        stuck: it waits, but nothing can ever wake it.
    """

    thread: WorkflowThread | None
    outcome: Outcome
    outputs: tuple[Output, ...] = ()
    due_ms: int | None = None
    result: str | None = None
    error: str | None = None
    traceback: str | None = None
    logs: tuple[Log, ...] = ()
    stuck: bool = False


def step(
    program: Program,
    thread_id: str,
    thread: WorkflowThread | None,
    event: Event,
    *,
    step_id: str,
    now_ms: int,
) -> StepResult:
    """Apply one event to a thread.

    When its main task has ended, the thread ends as ``asyncio.run`` would end: the tasks that are
    left are cancelled, and run until nothing is ready; their ``finally`` blocks may put out
    records. One that suspends again is dropped where it is. Activities that still run are
    cancelled.

    Args:
        program: the loaded workflows.
        thread_id: id of the thread.
        thread: the thread; None if there is none. It is changed.
        event: what happens.
        step_id: names this step: unique in the thread, and growing.
        now_ms: the time, in ms since the epoch.

    Raises:
        UnknownWorkflowError: the event starts a workflow that is not loaded.
        CodeMissingError: the thread's workflow is not loaded.
    """
    if isinstance(event, Start):
        if thread is not None:
            return StepResult(thread, Outcome.EXISTS, due_ms=thread.loop.next_due_ms())
        workflow = program.find(event.workflow)
        thread = WorkflowThread(thread_id, workflow.name)
    elif thread is None:
        return StepResult(None, Outcome.UNMATCHED)
    else:
        try:
            workflow = program.find(thread.workflow)
        except UnknownWorkflowError as unknown:
            raise CodeMissingError(thread.workflow, str(unknown)) from unknown
    thread.begin(step_id, now_ms, workflow.config)
    with entered(thread):
        # Not the caller's context: its variables are not the workflow's.
        return contextvars.Context().run(_apply, thread, workflow, event)


def _apply(thread: WorkflowThread, workflow: Workflow, event: Event) -> StepResult:
    loop = thread.loop
    match event:
        case Start():
            try:
                thread.main = loop.create_task(_call(workflow, event.argument))
            except BaseException as error:
                return _failed(thread, strip(error))
            matched = True
        case Resume():
            matched = thread.settle(event.ref, event.value, event.error)
        case ActivityDone():
            matched = thread.deliver(event.call_id, event.value, event.error)
        case TimersDue():
            matched = loop.fire()
        case Cancel():
            matched = _main(thread).cancel(kind=CancelToken)
        case _:
            assert_never(event)
    if not matched:
        return StepResult(thread, Outcome.UNMATCHED, due_ms=loop.next_due_ms())
    loop.run()
    main = _main(thread)
    if not main.done():
        return StepResult(
            thread,
            Outcome.WAITING,
            tuple(thread.outputs),
            loop.next_due_ms(),
            logs=tuple(loop.logs),
            stuck=thread.is_stuck(),
        )
    failure = main._failure()
    _shut_down(thread)
    return _completed(thread, main.result()) if failure is None else _failed(thread, failure)


def _call(workflow: Workflow, argument: object) -> Any:
    coroutine = workflow.call(argument)
    if not (iscoroutine(coroutine) or isinstance(coroutine, Trap)):
        raise TypeError(
            f"the function of workflow {workflow.name!r} returned "
            f"{type(coroutine).__name__}, not a coroutine: define it with `async def`"
        )
    return coroutine


def _main(thread: WorkflowThread) -> Task[Any]:
    if thread.main is None:
        raise InternalError(f"thread {thread.thread_id!r} has no main task")
    return thread.main


def _shut_down(thread: WorkflowThread) -> None:
    """Cancel what still runs, and let it end."""
    loop = thread.loop
    rest = list(loop.tasks)
    for task in rest:
        task.cancel()
    if rest:
        loop.run()
    for task in rest:
        if task.done() and not task.cancelled():
            exc = task.exception()
            if exc is not None:
                loop.call_exception_handler(
                    {
                        "message": f"unhandled exception while task {task.get_name()!r} was "
                        "cancelled at the end of its thread",
                        "exception": exc,
                    }
                )
    thread.outputs.extend(CancelActivity(call_id) for call_id in thread.calls)


def _completed(thread: WorkflowThread, result: object) -> StepResult:
    try:
        text = jsonout.dumps(result)
    except JsonError as error:
        return _failed(thread, error, "the result of the workflow cannot be written as JSON: ")
    return StepResult(
        None,
        Outcome.COMPLETED,
        tuple(thread.outputs),
        result=text,
        logs=tuple(thread.loop.logs),
    )


def _failed(thread: WorkflowThread, error: BaseException, prefix: str = "") -> StepResult:
    return StepResult(
        None,
        Outcome.FAILED,
        tuple(thread.outputs),
        error=describe(error, prefix),
        traceback=format_traceback(error),
        logs=tuple(thread.loop.logs),
    )


def describe(error: BaseException, prefix: str = "") -> str:
    """Return "Type: message"; a cancellation is a CancelToken, whoever asked for it."""
    kind = type(error)
    if isinstance(error, CancelledError):
        kind = CancelToken
    try:
        message = str(error)
    except BaseException:
        message = "<the exception's __str__ failed>"
    return f"{kind.__name__}: {prefix}{message}" if prefix or message else kind.__name__


def format_traceback(error: BaseException) -> str:
    """Return the traceback as Python prints it, without lines of this package."""
    report = traceback.TracebackException.from_exception(error)
    todo: list[traceback.TracebackException | None] = [report]
    while todo:
        entry = todo.pop()
        if entry is None:
            continue
        entry.stack[:] = [frame for frame in entry.stack if not frame.filename.startswith(_PACKAGE)]
        todo += [entry.__cause__, entry.__context__, *(entry.exceptions or ())]
    return "".join(report.format())
