"""kwf: durable workflows as ordinary async functions; ``import kwf_runtime as W``.

Every name is loaded when it is first used, so the import itself costs nothing.

Limits: ``W.config`` is what a workflow module declares; the settings of the engine are in
``kwf_runtime.settings``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kwf_runtime import mock, testing
    from kwf_runtime.api import (
        ActivityCall,
        Channel,
        Retry,
        Suspension,
        activity,
        cancel,
        channel,
        config,
        dumps,
        ensure_thread,
        loads,
        output,
        output_json,
        ref,
        ref_id,
        register,
        suspend,
        thread_id,
        workflow,
    )
    from kwf_runtime.combinators import (
        all,  # noqa: A004
        all_settled,
        all_with_cancel,
        any,  # noqa: A004
        any_with_cancel,
        race,
    )
    from kwf_runtime.errors import (
        ActivityError,
        CancelToken,
        CodeMissingError,
        ConfigError,
        DecodeError,
        JsonError,
        KwfError,
        NoThreadError,
        UndeclaredTopicError,
        UnsavableError,
        WorkflowError,
    )

__all__ = [
    "ActivityCall",
    "ActivityError",
    "CancelToken",
    "Channel",
    "CodeMissingError",
    "ConfigError",
    "DecodeError",
    "JsonError",
    "KwfError",
    "NoThreadError",
    "Retry",
    "Suspension",
    "UndeclaredTopicError",
    "UnsavableError",
    "WorkflowError",
    "activity",
    "all",
    "all_settled",
    "all_with_cancel",
    "any",
    "any_with_cancel",
    "cancel",
    "channel",
    "config",
    "dumps",
    "ensure_thread",
    "loads",
    "mock",
    "output",
    "output_json",
    "race",
    "ref",
    "ref_id",
    "register",
    "suspend",
    "testing",
    "thread_id",
    "workflow",
]

_COMBINATORS: Final = (
    "all",
    "all_settled",
    "all_with_cancel",
    "any",
    "any_with_cancel",
    "race",
)
_SUBMODULES: Final = ("mock", "testing")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _SUBMODULES:
        return importlib.import_module(f"kwf_runtime.{name}")
    if name in _COMBINATORS:
        home = "kwf_runtime.combinators"
    elif name == "CancelToken" or name.endswith("Error"):
        home = "kwf_runtime.errors"
    else:
        home = "kwf_runtime.api"
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
