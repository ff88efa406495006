"""The errors of kwf.

::

    KwfError                    what every handler of this package's failures catches
    ├── WorkflowError           an awaited ref was rejected; raised in workflow code
    ├── ActivityError           an activity failed for good; raised in workflow code
    ├── NoThreadError           a workflow's function was called outside of a workflow thread
    ├── UndeclaredTopicError    an output to a topic that the workflow does not declare
    ├── JsonError               a value that has no JSON form
    ├── UnknownWorkflowError    no workflow of that name is loaded
    ├── UnsavableError          an object that cannot be saved, with its path
    ├── DecodeError             bytes that are no saved state
    │   └── CodeMissingError    saved state of code that is not loaded
    ├── WireError               a record that is not of the wire protocol
    ├── ConfigError             a wrong setting, file or option
    └── InternalError           kwf itself is broken: please report

    asyncio.CancelledError
    └── CancelToken             cancelled by W.cancel, or as a loser of W.race and its like

Limits: an error that CPython's own library would raise (TypeError, InvalidStateError, …) stays
that one.
"""

from __future__ import annotations

import asyncio
import json

from kwf_runtime.core.savable import savable


@savable("kwf.KwfError")
class KwfError(Exception):
    """Base of all errors that kwf raises on purpose."""


@savable("kwf.WorkflowError")
class WorkflowError(KwfError):
    """An awaited ref was settled with an error.

    Attributes:
        value: the ``error`` member of the record, as parsed from its JSON.
    """

    def __init__(self, value: object = None) -> None:
        super().__init__(value)
        self.value = value

    def __str__(self) -> str:
        if isinstance(self.value, str):
            return self.value
        try:
            return json.dumps(self.value, ensure_ascii=False, separators=(",", ":"))
        except (TypeError, ValueError, RecursionError):
            return repr(self.value)


@savable("kwf.ActivityError")
class ActivityError(KwfError):
    """An activity failed, and will not be tried again.

    Attributes:
        type: name of the class of the last attempt's exception.
        message: its text.
        attempts: how many attempts were made.
        traceback: its formatted traceback; empty if there is none.
    """

    def __init__(
        self,
        type: str,  # noqa: A002
        message: str = "",
        attempts: int = 1,
        traceback: str = "",
    ) -> None:
        super().__init__(type, message, attempts, traceback)
        self.type = type
        self.message = message
        self.attempts = attempts
        self.traceback = traceback

    def __str__(self) -> str:
        text = f"{self.type}: {self.message}" if self.message else self.type
        noun = "attempt" if self.attempts == 1 else "attempts"
        return f"{text} (after {self.attempts} {noun})"


@savable("kwf.NoThreadError")
class NoThreadError(KwfError, RuntimeError):
    """A function that needs a workflow thread was called outside of one."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} was called outside of a workflow thread: call it from a workflow that "
            "`kwf run` executes; to run the file by hand or in a unit test, set KWF_MOCK=1 "
            "before the first import of kwf_runtime"
        )
        self.what = what


@savable("kwf.UndeclaredTopicError")
class UndeclaredTopicError(KwfError, LookupError):
    """An output went to a topic that the workflow does not declare."""

    def __init__(self, topic: str, declared: tuple[str, ...] = ()) -> None:
        known = ", ".join(sorted(declared)) if declared else "none"
        super().__init__(
            f"topic {topic!r} is not declared (declared: {known}): write "
            f"W.config.output_topics.add({topic!r}) at the top of the workflow's module, or "
            f'manifest = {{"output_topics": [{topic!r}]}}'
        )
        self.topic = topic
        self.declared = declared


@savable("kwf.JsonError")
class JsonError(KwfError, TypeError):
    """A value has no JSON form.

    Attributes:
        path: where it is in the object that was to be written (``$.items[3]``).
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


@savable("kwf.UnknownWorkflowError")
class UnknownWorkflowError(KwfError, LookupError):
    """No workflow of that name is loaded."""

    def __init__(self, name: str, known: tuple[str, ...] = ()) -> None:
        super().__init__(
            f"there is no workflow {name!r} (loaded: {', '.join(known) or 'none'}): "
            "check the name, or give its file to `kwf run`"
        )
        self.name = name
        self.known = known


@savable("kwf.UnsavableError")
class UnsavableError(KwfError):
    """An object cannot be saved.

    Attributes:
        path: where it hangs, from the root of what was to be saved.
        type_name: the name of its type.
        advice: what to do about it.
    """

    def __init__(self, path: str, type_name: str, advice: str = "") -> None:
        text = f"{path}: an object of type {type_name} cannot be saved"
        super().__init__(f"{text}: {advice}" if advice else text)
        self.path = path
        self.type_name = type_name
        self.advice = advice


@savable("kwf.DecodeError")
class DecodeError(KwfError):
    """Bytes are not saved state, or are damaged, foreign or too new."""


@savable("kwf.CodeMissingError")
class CodeMissingError(DecodeError):
    """Saved state belongs to code that no loaded module has.

    Attributes:
        code_id: what names the code in the saved bytes.
    """

    def __init__(self, code_id: str, message: str = "") -> None:
        super().__init__(
            message or f"the code {code_id} is not loaded: run the module version that has it"
        )
        self.code_id = code_id


@savable("kwf.WireError")
class WireError(KwfError):
    """A record is not of the wire protocol; it goes to the dead letters.

    Attributes:
        code: the reason as a fixed word (``bad-json``), for counters and headers.
        message: the reason for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@savable("kwf.ConfigError")
class ConfigError(KwfError):
    """A setting, a file or an option is wrong; the text says what to do."""


@savable("kwf.InternalError")
class InternalError(KwfError):
    """An invariant of kwf itself is broken."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message} (this is a defect of kwf: please report it)")


@savable("kwf.CancelToken")
class CancelToken(asyncio.CancelledError):
    """What is raised where ``W.cancel``, or losing a ``W.race``, cancels."""
