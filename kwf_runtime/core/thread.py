"""WorkflowThread: one running instance of a workflow, everything that is saved of it.

Limits: what belongs to the step in progress (outputs, ids, configuration) is not saved, and is
reset when a step begins: a failed step leaves nothing to the next one.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from kwf_runtime.core.activity import Activity, ActivityCall
from kwf_runtime.core.channel import Channel
from kwf_runtime.core.loop import ThreadLoop
from kwf_runtime.core.outputs import CallActivity, Emit, Output
from kwf_runtime.core.savable import savable
from kwf_runtime.core.suspension import Suspension
from kwf_runtime.errors import UndeclaredTopicError

if TYPE_CHECKING:
    from kwf_runtime.core.program import WorkflowConfig
    from kwf_runtime.core.tasks import Task


@savable("kwf.WorkflowThread")
class WorkflowThread:
    """One running instance of a workflow.

    Attributes:
        thread_id: its id, the key of its records.
        workflow: name of its workflow.
        loop: its event loop.
        main: the task that runs the workflow's function.
        suspensions: by id, those that are awaited, or whose id the workflow has chosen.
        channels: by name.
        calls: calls of activities whose outcome has not come, by call id.
        config: what its workflow declares.
        outputs: what the step in progress has put out.
        step_id: names the step in progress.
    """

    __slots__ = (
        "__weakref__",
        "_call_count",
        "_suspension_count",
        "_unheld",
        "calls",
        "channels",
        "config",
        "loop",
        "main",
        "outputs",
        "step_id",
        "suspensions",
        "thread_id",
        "workflow",
    )

    config: WorkflowConfig
    outputs: list[Output]
    step_id: str
    _suspension_count: int
    _call_count: int
    _unheld: weakref.WeakValueDictionary[str, Suspension]

    def __init__(self, thread_id: str, workflow: str) -> None:
        self.thread_id = thread_id
        self.workflow = workflow
        self.loop = ThreadLoop()
        self.main: Task[Any] | None = None
        self.suspensions: dict[str, Suspension] = {}
        self.channels: dict[str, Channel] = {}
        self.calls: dict[str, ActivityCall] = {}

    def __repr__(self) -> str:
        return f"<WorkflowThread {self.thread_id!r} of {self.workflow!r}>"

    def __kwf_save__(self) -> tuple[Any, ...]:
        """Return what is saved: all but what belongs to a step."""
        return (
            self.thread_id,
            self.workflow,
            self.loop,
            self.main,
            self.suspensions,
            self.channels,
            self.calls,
        )

    def __kwf_load__(self, state: tuple[Any, ...]) -> None:
        """Take what was saved."""
        self.thread_id, self.workflow, self.loop, self.main, *tables = state
        self.suspensions, self.channels, self.calls = tables

    def begin(self, step_id: str, now_ms: int, config: WorkflowConfig) -> None:
        """Begin a step."""
        self.step_id = step_id
        self.config = config
        self.outputs = []
        self._suspension_count = 0
        self._call_count = 0
        self.loop.begin(now_ms)

    # What workflow code asks for (see kwf_runtime.api for the contracts).

    def suspend(self, ref: str | None = None) -> Suspension:
        """Return the living suspension of that id, or a new one."""
        if ref is None:
            suspension = Suspension(self, self._fresh_id(), chosen=False)
            self.remember(suspension)
            return suspension
        if ref in self.channels or ref in self.config.channels:
            raise ValueError(
                f"{ref!r} is a channel of this thread: await W.channel({ref!r}).get(), "
                "or choose another id"
            )
        living = self.find_suspension(ref)
        if living is None:
            living = self.suspensions[ref] = Suspension(self, ref, chosen=True)
        elif not living.chosen:
            living.chosen = True
            self.hold(living)
        return living

    def channel(self, name: str) -> Channel:
        """Return the channel of that name; the first call makes it."""
        channel = self.channels.get(name)
        if channel is None:
            if self.find_suspension(name) is not None:
                raise ValueError(
                    f"{name!r} is a suspension that this thread waits for: "
                    "choose another name for the channel"
                )
            channel = self.channels[name] = Channel(name, self.loop)
        return channel

    def emit(self, output: Emit) -> None:
        """Put out a record, if its topic is declared."""
        if not self.config.allows(output.topic):
            raise UndeclaredTopicError(output.topic, tuple(self.config.output_topics))
        self.outputs.append(output)

    def call(
        self, activity: Activity, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> ActivityCall:
        """Begin a call of an activity."""
        activity.check(args, kwargs)
        call_id = f"{self.step_id}:a{self._call_count}"
        self._call_count += 1
        call = self.calls[call_id] = ActivityCall(self, call_id, activity.name)
        self.outputs.append(CallActivity(call_id, activity.name, args, kwargs, activity.options))
        return call

    # What comes in.

    def settle(self, ref: str, value: object, error: object) -> bool:
        """Give a record to the suspension or channel of that name; return whether there is one."""
        suspension = self.find_suspension(ref)
        if suspension is not None:
            suspension.settle(value, error)
            return True
        if ref not in self.channels and ref not in self.config.channels:
            return False
        self.channel(ref).put(value, error)
        return True

    def deliver(self, call_id: str, value: object, error: BaseException | object) -> bool:
        """Give an activity's outcome to its call; return whether it is awaited."""
        call = self.calls.pop(call_id, None)
        if call is None:
            return False
        call.deliver(value, error)
        return True

    def is_stuck(self) -> bool:
        """Return whether nothing can ever wake it (a cancellation from outside apart)."""
        return not (
            self.suspensions
            or self._weak()
            or self.channels
            or self.config.channels
            or self.calls
            or self.loop.has_timers()
        )

    # The table of suspensions: held while awaited or chosen, else known only while it lives.

    def find_suspension(self, ref: str) -> Suspension | None:
        """Return the pending suspension of that id."""
        return self.suspensions.get(ref) or self._weak().get(ref)

    def remember(self, suspension: Suspension) -> None:
        """Know a suspension as long as somebody refers to it."""
        self._weak()[suspension.id] = suspension

    def hold(self, suspension: Suspension) -> None:
        """Keep a suspension alive."""
        self.suspensions[suspension.id] = suspension

    def release(self, suspension: Suspension) -> None:
        """Keep a suspension alive no longer, unless it is awaited or chosen."""
        if not suspension.chosen and not suspension.waiters:
            self.suspensions.pop(suspension.id, None)

    def forget(self, suspension: Suspension) -> None:
        """Let go of a suspension that has ended: its id is free."""
        self.suspensions.pop(suspension.id, None)
        self._weak().pop(suspension.id, None)

    def _weak(self) -> weakref.WeakValueDictionary[str, Suspension]:
        # Made on demand: a suspension may be loaded before its thread's other attributes are.
        try:
            return self._unheld
        except AttributeError:
            self._unheld = weakref.WeakValueDictionary()
            return self._unheld

    def _fresh_id(self) -> str:
        while True:
            ref = f"{self.step_id}:{self._suspension_count}"
            self._suspension_count += 1
            if self.find_suspension(ref) is None and ref not in self.channels:
                return ref
