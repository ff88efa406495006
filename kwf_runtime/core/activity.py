"""Activities as the core sees them: a name, options, and calls that a runner answers.

Limits: the core runs none; functions are kept here by name, so that a runner finds what a saved
call means.
"""

from __future__ import annotations

import inspect
from asyncio.exceptions import CancelledError
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from kwf_runtime.core.events import NO_ERROR
from kwf_runtime.core.futures import Future
from kwf_runtime.core.outputs import ActivityOptions, CancelActivity
from kwf_runtime.core.savable import savable

if TYPE_CHECKING:
    from kwf_runtime.core.thread import WorkflowThread


class Activity:
    """A function that runs outside of steps.

    Attributes:
        name: what saved calls know it by.
        function: the function.
        options: how it is run.
    """

    __slots__ = ("_signature", "function", "name", "options")

    def __init__(self, name: str, function: Callable[..., Any], options: ActivityOptions) -> None:
        self.name = name
        self.function = function
        self.options = options
        self._signature = inspect.signature(function)

    def check(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Raise the TypeError of a call with wrong arguments now, not in an attempt."""
        try:
            self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self.function.__qualname__}(): {error}") from None


_ACTIVITIES: Final[dict[str, Activity]] = {}


def add_activity(activity: Activity) -> None:
    """Make an activity known; the same module loaded again replaces its own.

    Raises:
        ValueError: another module has an activity of that name.
    """
    other = _ACTIVITIES.get(activity.name)
    if other is not None and _place(other) != _place(activity):
        raise ValueError(
            f"two activities are named {activity.name!r}: {':'.join(_place(other))} and "
            f"{':'.join(_place(activity))}; give one another name, @W.activity(name=...)"
        )
    _ACTIVITIES[activity.name] = activity


def find_activity(name: str) -> Activity | None:
    """Return the activity of that name; None if no loaded module defines it."""
    return _ACTIVITIES.get(name)


def _place(activity: Activity) -> tuple[str, str]:
    return activity.function.__module__, activity.function.__qualname__


@savable("kwf.ActivityCall")
class ActivityCall(Future[Any]):
    """A call of an activity: begun when it is made, whether or not anybody awaits it yet.

    Attributes:
        thread: the workflow thread that called.
        call_id: names the call in its thread.
        name: name of the activity.
    """

    __slots__ = ("call_id", "name", "thread")

    def __init__(self, thread: WorkflowThread, call_id: str, name: str) -> None:
        super().__init__(loop=thread.loop)
        self.thread = thread
        self.call_id = call_id
        self.name = name

    def _save_more(self) -> tuple[Any, ...]:
        return (self.thread, self.call_id, self.name)

    def _load_more(self, more: list[Any]) -> None:
        self.thread, self.call_id, self.name = more

    def _describe(self) -> list[str]:
        return [self.name, self.call_id, *super()._describe()]

    def deliver(self, value: object, error: BaseException | object = NO_ERROR) -> None:
        """End with the activity's outcome."""
        if isinstance(error, BaseException):
            self.set_exception(error)
        else:
            self.set_result(value)

    def cancel(self, msg: Any = None, *, kind: type[CancelledError] = CancelledError) -> bool:
        """Stop the activity, and forget its outcome."""
        if not super().cancel(msg, kind=kind):
            return False
        self.thread.calls.pop(self.call_id, None)
        self.thread.outputs.append(CancelActivity(self.call_id))
        return True
