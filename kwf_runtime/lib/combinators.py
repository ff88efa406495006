"""``W.all``, ``W.any``, ``W.race`` and theirs with cancelling: what the original's promises do.

The arguments become tasks at once, in order, and so does the combinator: it can be awaited more
than once and cancelled. It never leaves a cancelled argument behind: their ``except`` and
``finally`` run, and may output and await, before it ends. Compiled by kwf itself; works on any
loop.

Limits: an argument that ignores its cancellation, and never ends, is waited for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kwf_runtime.lib.base import (
    CancelledError,
    CancelToken,
    cancel_like,
    is_awaitable,
    is_coroutine,
    running_loop,
)
from kwf_runtime.lib.native import is_native, spawn

from .tasks import ensure_future


class _Gate:
    """Opens when enough of some tasks have settled.

    Attributes:
        opened: future that is done then.
        settled: the task that decided: the first one, or the first that failed.
    """

    __slots__ = ("_failures_only", "_left", "_tasks", "opened", "settled")

    def __init__(self, tasks: Sequence[Any], *, enough: int, failures_only: bool = False) -> None:
        self.opened = running_loop().create_future()
        self.settled: Any = None
        self._left = enough
        self._failures_only = failures_only
        self._tasks = tasks
        for task in tasks:
            task.add_done_callback(self.on_done)
        if not tasks:
            self._open()

    def on_done(self, task: Any) -> None:
        self._left -= 1
        decides = _failed(task) if self._failures_only else True
        if decides and self.settled is None:
            self.settled = task
        if self._left <= 0 or (decides and self._failures_only):
            self._open()

    def _open(self) -> None:
        if not self.opened.done():
            self.opened.set_result(None)

    def leave(self) -> None:
        """Stop watching the tasks."""
        for task in self._tasks:
            task.remove_done_callback(self.on_done)


def _failed(task: Any) -> bool:
    return task.cancelled() or task.exception() is not None


def _retrieve(task: Any) -> None:
    """Take note of an outcome that nobody wants."""
    if not task.cancelled():
        task.exception()


async def _end(tasks: Sequence[Any], cause: BaseException) -> None:
    """Cancel, in order and in the way of ``cause``, what still runs, and wait until all has ended.

    A cancellation that comes meanwhile is passed on to what is left, and is raised at the end.
    """
    again: BaseException | None = None
    running = [task for task in tasks if not task.done()]
    for task in running:
        cancel_like(task, cause)
    while running:
        gate = _Gate(running, enough=len(running))
        try:
            await gate.opened
        except CancelledError as exc:
            again = exc
            for task in running:
                cancel_like(task, exc)
        gate.leave()
        running = [task for task in running if not task.done()]
    for task in tasks:
        _retrieve(task)
    if again is not None:
        raise again


async def _until(gate: _Gate, tasks: Sequence[Any]) -> None:
    """Wait for the gate; a cancellation from outside goes on to the tasks first."""
    try:
        await gate.opened
    except CancelledError as exc:
        gate.leave()
        await _end(tasks, exc)
        raise
    gate.leave()


async def _first(tasks: Sequence[Any], cancelling: bool) -> Any:
    gate = _Gate(tasks, enough=1)
    await _until(gate, tasks)
    await _let_go([task for task in tasks if task is not gate.settled], cancelling)
    return gate.settled.result()


async def _all(tasks: Sequence[Any], order: Sequence[int], cancelling: bool) -> list[Any]:
    gate = _Gate(tasks, enough=len(tasks), failures_only=True)
    await _until(gate, tasks)
    if gate.settled is not None:
        await _let_go([task for task in tasks if task is not gate.settled], cancelling)
        gate.settled.result()
    return [tasks[index].result() for index in order]


async def _let_go(others: Sequence[Any], cancelling: bool) -> None:
    """The outcome is known: end the others, or leave them to themselves."""
    if cancelling:
        await _end(others, CancelToken())
    else:
        for task in others:
            task.add_done_callback(_retrieve)


async def _all_settled(tasks: Sequence[Any], order: Sequence[int]) -> list[Any]:
    gate = _Gate(tasks, enough=len(tasks))
    await _until(gate, tasks)
    outcomes = [_outcome(task) for task in tasks]
    return [outcomes[index] for index in order]


def _outcome(task: Any) -> Any:
    if not task.cancelled():
        return task.exception() or task.result()
    try:
        return task.result()
    except CancelledError as exc:
        return exc


def _start(awaitable: Any) -> Any:
    """A task for ``awaitable`` that can be cancelled with the token."""
    return spawn(awaitable) if is_native() else ensure_future(awaitable)


def _branches(name: str, aws: tuple[Any, ...]) -> tuple[list[Any], list[int]]:
    """Start the arguments; return the different tasks, and for each argument its task's index."""
    for position, awaitable in enumerate(aws, 1):
        if not is_awaitable(awaitable):
            for other in aws:
                if is_coroutine(other):
                    other.close()
            raise TypeError(
                f"W.{name}: argument {position} is of type {type(awaitable).__name__}, "
                "which cannot be awaited: give a coroutine, a task or a suspension"
            )
    indexes: dict[int, int] = {}
    tasks: list[Any] = []
    for awaitable in aws:
        if id(awaitable) not in indexes:
            indexes[id(awaitable)] = len(tasks)
            tasks.append(_start(awaitable))
    return tasks, [indexes[id(awaitable)] for awaitable in aws]


def _branches_to_race(name: str, aws: tuple[Any, ...]) -> list[Any]:
    if not aws:
        raise ValueError(f"W.{name} of nothing would never end: give it at least one awaitable")
    return _branches(name, aws)[0]


def race(*aws: Any) -> Any:
    """The first to settle decides; the others are cancelled, and have ended before this does.

    Args:
        *aws: awaitables or coroutines.

    Returns:
        A task: the first one's value, or its exception.

    Raises:
        ValueError: there are no arguments.
    """
    return _start(_first(_branches_to_race("race", aws), cancelling=True))


def any_with_cancel(*aws: Any) -> Any:
    """The same as `race`."""
    return _start(_first(_branches_to_race("any_with_cancel", aws), cancelling=True))


def any(*aws: Any) -> Any:  # noqa: A001
    """The first to settle decides; the others go on.

    Args:
        *aws: awaitables or coroutines.

    Returns:
        A task: the first one's value, or its exception.

    Raises:
        ValueError: there are no arguments.
    """
    return _start(_first(_branches_to_race("any", aws), cancelling=False))


def all_with_cancel(*aws: Any) -> Any:
    """All values in order; the first exception cancels the others, and is raised when they ended.

    Args:
        *aws: awaitables or coroutines.

    Returns:
        A task.
    """
    tasks, order = _branches("all_with_cancel", aws)
    return _start(_all(tasks, order, cancelling=True))


def all(*aws: Any) -> Any:  # noqa: A001
    """All values in order; the first exception is raised at once, and the others go on.

    Args:
        *aws: awaitables or coroutines.

    Returns:
        A task.
    """
    tasks, order = _branches("all", aws)
    return _start(_all(tasks, order, cancelling=False))


def all_settled(*aws: Any) -> Any:
    """All outcomes in order, values and exceptions.

    Args:
        *aws: awaitables or coroutines.

    Returns:
        A task.
    """
    tasks, order = _branches("all_settled", aws)
    return _start(_all_settled(tasks, order))
