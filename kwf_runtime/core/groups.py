"""What ``except*`` does to exception groups (PEP 654).

Source: ``_PyEval_ExceptionGroupMatch`` and ``check_except_star_type_valid`` of Python/ceval.c,
``_PyExc_PrepReraiseStar`` of Objects/exceptions.c.

Limits: facts about exceptions only; frames say which one is handled.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

from kwf_runtime.core.frame import is_caught


def split_group(
    exc: BaseException | None, kind: Any
) -> tuple[BaseException | None, BaseException | None]:
    """The part of ``exc`` that ``except* kind`` takes, as a group, and the rest.

    Raises:
        TypeError: ``kind`` is no class of exceptions, or one of groups.
    """
    if exc is None:
        is_caught(Exception(), kind)
    caught = exc is not None and is_caught(exc, kind)
    for one in kind if isinstance(kind, tuple) else (kind,):
        if issubclass(one, BaseExceptionGroup):
            raise TypeError(
                "catching ExceptionGroup with except* is not allowed. Use except instead."
            )
    if exc is None:
        return None, None
    if caught:
        return (
            exc if isinstance(exc, BaseExceptionGroup) else BaseExceptionGroup("", (exc,))
        ), None
    if isinstance(exc, BaseExceptionGroup):
        return exc.split(kind)
    return None, exc


def join_group(whole: BaseException, parts: list[BaseException | None]) -> BaseException | None:
    """What to raise at the end of ``except*`` clauses; None if nothing is left.

    Args:
        whole: the exception that the clauses shared out.
        parts: what the clauses raised, and what none of them took.
    """
    left = [part for part in parts if part is not None]
    if not isinstance(whole, BaseExceptionGroup):
        return left[0] if left else None  # was wrapped for the one clause that took it
    again = [part for part in left if _same_metadata(part, whole)]
    raised = [part for part in left if not _same_metadata(part, whole)]
    if again:
        leaves = {id(leaf) for part in again for leaf in _leaves(part)}
        rest = whole.subgroup(
            lambda one: not isinstance(one, BaseExceptionGroup) and id(one) in leaves
        )
        if not raised:
            return rest
        if rest is not None:
            raised.append(rest)
    if not raised:
        return None
    return BaseExceptionGroup("", raised) if len(raised) > 1 else raised[0]


def _same_metadata(one: BaseException, other: BaseException) -> bool:
    """Whether an exception is a part of another one, raised again: parts share these objects."""
    return (
        getattr(one, "__notes__", None) is getattr(other, "__notes__", None)
        and _same_lines(one.__traceback__, other.__traceback__)
        and one.__cause__ is other.__cause__
        and one.__context__ is other.__context__
    )


def _same_lines(one: TracebackType | None, other: TracebackType | None) -> bool:
    """Whether two tracebacks are one; those of a loaded group are equal only."""
    while one is not other:
        if one is None or other is None or one.tb_lineno != other.tb_lineno:
            return False
        if one.tb_frame.f_code.co_qualname != other.tb_frame.f_code.co_qualname:
            return False
        one, other = one.tb_next, other.tb_next
    return True


def _leaves(exc: BaseException) -> list[BaseException]:
    if not isinstance(exc, BaseExceptionGroup):
        return [exc]
    return [leaf for part in exc.exceptions for leaf in _leaves(part)]
