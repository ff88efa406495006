"""kwf: durable workflows as ordinary async functions; ``import kwf_runtime as W``.

Every name is loaded when it is first used, so the import itself costs nothing.

Limits: ``W.config`` is what a workflow module declares; the settings of the engine are in
``kwf_runtime.settings``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import kwf_runtime.mock as mock
    import kwf_runtime.testing as testing
    from kwf_runtime.api import (
        ActivityCall as ActivityCall,
        CancelToken as CancelToken,
        Channel as Channel,
        Retry as Retry,
        Suspension as Suspension,
        activity as activity,
        cancel as cancel,
        channel as channel,
        config as config,
        dumps as dumps,
        ensure_thread as ensure_thread,
        loads as loads,
        output as output,
        output_json as output_json,
        ref as ref,
        ref_id as ref_id,
        register as register,
        suspend as suspend,
        thread_id as thread_id,
        workflow as workflow,
    )
    from kwf_runtime.combinators import (
        all as all,
        all_settled as all_settled,
        all_with_cancel as all_with_cancel,
        any as any,
        any_with_cancel as any_with_cancel,
        race as race,
    )
    from kwf_runtime.errors import (
        ActivityError as ActivityError,
        CodeMissingError as CodeMissingError,
        ConfigError as ConfigError,
        DecodeError as DecodeError,
        JsonError as JsonError,
        KwfError as KwfError,
        NoThreadError as NoThreadError,
        UndeclaredTopicError as UndeclaredTopicError,
        UnsavableError as UnsavableError,
        WorkflowError as WorkflowError,
    )

_API: Final = (
    "ActivityCall Channel Retry Suspension activity cancel channel config dumps ensure_thread "
    "loads output output_json ref ref_id register suspend thread_id workflow"
)
_COMBINATORS: Final = "all all_settled all_with_cancel any any_with_cancel race"
_ERRORS: Final = (
    "ActivityError CancelToken CodeMissingError ConfigError DecodeError JsonError KwfError "
    "NoThreadError UndeclaredTopicError UnsavableError WorkflowError"
)
_SUBMODULES: Final = ("mock", "testing")
_HOMES: Final[dict[str, str]] = {
    **dict.fromkeys(_API.split(), "kwf_runtime.api"),
    **dict.fromkeys(_COMBINATORS.split(), "kwf_runtime.combinators"),
    **dict.fromkeys(_ERRORS.split(), "kwf_runtime.errors"),
}

__all__ = sorted([*_HOMES, *_SUBMODULES])


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is not None:
        value = getattr(importlib.import_module(home), name)
        globals()[name] = value
        return value
    if name in _SUBMODULES:
        return importlib.import_module(f"kwf_runtime.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
