"""The durable library: the parts of asyncio and contextlib that wait, and the combinators.

Its modules are ordinary Python, compiled by kwf itself. What is imported by their names is the
files in ``_compiled``, made from the sources beside this file by ``python tools/build_lib.py``:
so saved state says ``kwf_runtime.lib.locks:Lock``, wherever the compiled files lie.

Limits: which of asyncio is meant, this or the real one, is decided in `kwf_runtime.aio`.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType
from typing import Final

import kwf_runtime.core.thread  # noqa: F401  (a saved thread is of its classes)

SOURCES: Final = (
    "locks",
    "queues",
    "timeouts",
    "taskgroups",
    "tasks",
    "combinators",
    "contexts",
)
"""The modules that are compiled, each after those that it imports."""


__path__.insert(0, os.path.join(__path__[0], "_compiled"))

# All of them at once: a saved frame of any must find its code, whatever the workflow imported.
_modules: Final = {name: importlib.import_module(f"{__name__}.{name}") for name in SOURCES}


def module(name: str) -> ModuleType:
    """Return a module of the library, the compiled one."""
    return _modules[name]
