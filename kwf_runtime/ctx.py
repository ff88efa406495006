"""What ``import contextlib`` binds in a compiled module: contextlib, with savable managers.

Limits: what holds a file of this process (``redirect_stdout``, ``chdir``) is contextlib's own.
"""

from __future__ import annotations

import contextlib
from typing import Any

from kwf_runtime.lib import module as _module

_contexts = _module("contexts")

asynccontextmanager = _contexts.asynccontextmanager
contextmanager = _contexts.contextmanager
AsyncExitStack = _contexts.AsyncExitStack
ExitStack = _contexts.ExitStack
aclosing = _contexts.aclosing
closing = _contexts.closing
nullcontext = _contexts.nullcontext
suppress = _contexts.suppress

__all__ = list(contextlib.__all__)


def __getattr__(name: str) -> Any:
    try:
        return getattr(contextlib, name)
    except AttributeError:
        raise AttributeError(f"module 'contextlib' has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return sorted({*dir(contextlib), *globals()})
