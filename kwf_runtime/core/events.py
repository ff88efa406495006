"""Events: the inputs of a step, a closed union.

Limits: an event is data of JSON (and, for activities, of the codec); where it came from, its
offset and its time are arguments of the step.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias


class _NoError(enum.Enum):
    NO_ERROR = "no error"

    def __repr__(self) -> str:
        return "NO_ERROR"


NO_ERROR: Final = _NoError.NO_ERROR
"""Stands for "not settled with an error": None is an error that a record may carry."""


@dataclass(frozen=True, slots=True)
class Start:
    """Start a thread.

    Attributes:
        workflow: name of the workflow; empty for the program's default.
        argument: the argument of its function.
    """

    workflow: str
    argument: object = None


@dataclass(frozen=True, slots=True)
class Resume:
    """Settle a suspension, or feed a channel.

    Attributes:
        ref: the id of the suspension, or the name of the channel.
        value: what the await returns.
        error: what the await raises, in a ``WorkflowError``.
    """

    ref: str
    value: object = None
    error: object = NO_ERROR


@dataclass(frozen=True, slots=True)
class TimersDue:
    """Run what the thread's own timers have scheduled up to the time of the step."""


@dataclass(frozen=True, slots=True)
class ActivityDone:
    """Deliver the outcome of an activity.

    Attributes:
        call_id: which call.
        value: what it returned.
        error: the exception that the await raises (an ``ActivityError``).
    """

    call_id: str
    value: object = None
    error: BaseException | Literal[_NoError.NO_ERROR] = NO_ERROR


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel the main task at its innermost await, with a ``CancelToken``."""


Event: TypeAlias = Start | Resume | TimersDue | ActivityDone | Cancel
