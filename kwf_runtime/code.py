"""Code objects of compiled functions, made to look like their source's.

The text of a machine is a function with a nested ``_kwf_step``. Here its code gets the flag that
``inspect`` asks for (``async def``, generator), and the step, with what is nested in it, the names
that tracebacks show.

Limits: names and flags only; the instructions stay what CPython made of the text. The table of
patched code is the process's own, like the code it describes.
"""

from __future__ import annotations

import inspect
import re
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kwf_runtime.serial.registry import Registry

STEP: Final = "_kwf_step"
_INFIX: Final = f".<locals>.{STEP}"
_COMPREHENSION: Final = re.compile(r"\b_kwf_(listcomp|setcomp|dictcomp|genexpr)\d+\b")
_FLAGS: Final = {
    "Coroutine": inspect.CO_COROUTINE,
    "Generator": inspect.CO_GENERATOR,
    "AsyncGenerator": inspect.CO_ASYNC_GENERATOR,
}

_patched: dict[int, tuple[CodeType, CodeType]] = {}
"""By the id of the code that was compiled: that code, which keeps its id alive, and its patch."""


def patched(code: CodeType, registry: Registry) -> CodeType:
    """The patch of a machine's code, known to the registry by the same id."""
    known = _patched.get(id(code))
    if known is None:
        _patch(code, code.co_name)
        known = _patched[id(code)]
        if registry.code_entry(code) is not None:  # else the module ends later, and registers it
            _alias(code, registry)
    return known[1]


def patch_module(code: CodeType, registry: Registry) -> None:
    """Patch every machine of a module, for the frames that are loaded before it is called."""
    for nested in _nested(code):
        if _is_machine(nested):
            if id(nested) not in _patched:
                _patch(nested, nested.co_name)
            _alias(nested, registry)
        else:
            patch_module(nested, registry)


def _alias(code: CodeType, registry: Registry) -> None:
    registry.alias_code(_patched[id(code)][1], code)
    for nested in _nested(code):
        _alias(nested, registry)


def _nested(code: CodeType) -> list[CodeType]:
    return [const for const in code.co_consts if isinstance(const, CodeType)]


def _shown(name: str) -> str:
    """``<listcomp>`` for the function that a list comprehension became."""
    return _COMPREHENSION.sub(r"<\1>", name)


def _is_machine(code: CodeType) -> bool:
    return any(nested.co_name == STEP for nested in _nested(code))


def _patch(code: CodeType, outer_name: str) -> CodeType:
    qualname = code.co_qualname.replace(_INFIX, "")
    is_step = code.co_name == STEP
    name = outer_name if is_step else _shown(code.co_name)
    consts: list[Any] = []
    for const in code.co_consts:
        if isinstance(const, CodeType):
            consts.append(_patch(const, name))
        elif const == code.co_qualname and not code.co_flags & inspect.CO_OPTIMIZED:
            consts.append(qualname)  # the __qualname__ that a class body sets
        else:
            consts.append(const)
    flags = code.co_flags
    if _is_machine(code):
        flags |= next(flag for name, flag in _FLAGS.items() if name in code.co_names)
    new = code.replace(
        co_name=name,
        co_qualname=_shown(qualname),
        co_consts=tuple(consts),
        co_flags=flags,
    )
    _patched[id(code)] = code, new
    return new
