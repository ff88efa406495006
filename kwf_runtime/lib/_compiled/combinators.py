# kwf: compiled
# Generated from kwf_runtime/lib/combinators.py by tools/build_lib.py: not for editing.
# fmt: off
# ruff: noqa
# mypy: ignore-errors
# kwf: compiled from kwf_runtime/lib/combinators.py; do not edit
"""``W.all``, ``W.any``, ``W.race`` and theirs with cancelling: what the original's promises do.

The arguments become tasks at once, in order, and so does the combinator: it can be awaited more
than once and cancelled. It never leaves a cancelled argument behind: their ``except`` and
``finally`` run, and may output and await, before it ends. Compiled by kwf itself; works on any
loop.

Limits: an argument that ignores its cancellation, and never ends, is waited for.
"""

from __future__ import annotations
import kwf_runtime.abi as _kwf

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


@_kwf.coroutine
def _end(tasks: Sequence[Any], cause: BaseException) -> None:
    """Cancel, in order and in the way of ``cause``, what still runs, and wait until all has ended.

    A cancellation that comes meanwhile is passed on to what is left, and is raised at the end.
    """

    def _kwf_step(_f, _v, _x):
        _pc = _f.pc
        while True:
            try:
                if _pc < 6:
                    if _pc == 0:
                        tasks, cause = _f.slots
                        _f.slots = ()
                        again = None
                        running = [task for task in tasks if not task.done()]
                        for task in running:
                            cancel_like(task, cause)
                        _pc = 2
                        continue
                    elif _pc == 1:
                        again, gate, running, tasks = _f.slots
                        _f.slots = ()
                        if _x:
                            _f.through()
                            _x = False
                            _pc = 7
                            continue
                        _pc = 5
                        continue
                    elif _pc == 2:
                        if running:
                            gate = _Gate(running, enough=len(running))
                            pass
                            _pc = 4
                            continue
                        for task in tasks:
                            _retrieve(task)
                        if again is not None:
                            raise again
                        _f.pc = -1
                        return None
                    elif _pc == 4:
                        _r = gate.opened
                        _f.pc = 1
                        _f.slots = (again, gate, running, tasks)
                        return _r
                    else:
                        gate.leave()
                        running = [task for task in running if not task.done()]
                        _pc = 2
                        continue
                elif _pc == 6:
                    again, gate, running, tasks = _f.slots
                    _f.slots = ()
                    _pc = 5
                    continue
                elif _pc == 7:
                    _f.catch(0)
                    _f.pc = 8
                    _f.slots = (gate, running, tasks)
                    return _kwf.SWITCH
                elif _pc == 8:
                    gate, running, tasks = _f.slots
                    _f.slots = ()
                    if _f.catches(CancelledError):
                        exc = _f.handled[-1]
                        _pc = 10
                        continue
                    return _f.reraise()
                elif _pc == 10:
                    again = exc
                    for task in running:
                        cancel_like(task, exc)
                    _pc = 11
                    continue
                elif _pc == 11:
                    exc = None
                    del exc
                    _f.leave(0)
                    _f.pc = 6
                    _f.slots = (again, gate, running, tasks)
                    return _kwf.SWITCH
                else:
                    _f.catch(1)
                    exc = None
                    del exc
                    return _f.reraise()
            except _kwf.BaseException as _c:
                _pc = (-1, 7, -1, -1, 7, -1, -1, -1, -1, -1, 12, -1, -1, -1, -1)[_pc]
                if _pc < 0:
                    raise
                _f.thrown = _c
    return _kwf.Coroutine(_kwf_step, (tasks, cause))


@_kwf.coroutine
def _until(gate: _Gate, tasks: Sequence[Any]) -> None:
    """Wait for the gate; a cancellation from outside goes on to the tasks first."""

    def _kwf_step(_f, _v, _x):
        _pc = _f.pc
        while True:
            try:
                if _pc < 4:
                    if _pc == 0:
                        gate, tasks = _f.slots
                        _f.slots = ()
                        pass
                        _pc = 3
                        continue
                    elif _pc == 1:
                        gate, tasks = _f.slots
                        _f.slots = ()
                        if _x:
                            _f.through()
                            _x = False
                            _pc = 5
                            continue
                        _pc = 4
                        continue
                    elif _pc == 2:
                        if _x:
                            _f.through()
                            _x = False
                            _pc = 9
                            continue
                        raise
                    else:
                        _r = gate.opened
                        _f.pc = 1
                        _f.slots = (gate, tasks)
                        return _r
                elif _pc == 4:
                    gate.leave()
                    _f.pc = -1
                    return None
                elif _pc == 5:
                    _f.catch(0)
                    _f.pc = 6
                    _f.slots = (gate, tasks)
                    return _kwf.SWITCH
                elif _pc == 6:
                    gate, tasks = _f.slots
                    _f.slots = ()
                    if _f.catches(CancelledError):
                        exc = _f.handled[-1]
                        _pc = 8
                        continue
                    return _f.reraise()
                elif _pc == 8:
                    gate.leave()
                    _r = _end(tasks, exc)
                    _f.pc = 2
                    _f.slots = ()
                    return _r
                else:
                    _f.catch(1)
                    exc = None
                    del exc
                    return _f.reraise()
            except _kwf.BaseException as _c:
                _pc = (-1, 5, 9, 5, -1, -1, -1, -1, 9, -1, -1)[_pc]
                if _pc < 0:
                    raise
                _f.thrown = _c
    return _kwf.Coroutine(_kwf_step, (gate, tasks))


@_kwf.coroutine
def _first(tasks: Sequence[Any], cancelling: bool) -> Any:

    def _kwf_step(_f, _v, _x):
        _pc = _f.pc
        if _pc == 0:
            tasks, cancelling = _f.slots
            _f.slots = ()
            gate = _Gate(tasks, enough=1)
            _r = _until(gate, tasks)
            _f.pc = 1
            _f.slots = (cancelling, gate, tasks)
            return _r
        elif _pc == 1:
            cancelling, gate, tasks = _f.slots
            _f.slots = ()
            if _x:
                return _f.fail()
            _r = _let_go([task for task in tasks if task is not gate.settled], cancelling)
            _f.pc = 2
            _f.slots = (gate,)
            return _r
        else:
            gate, = _f.slots
            _f.slots = ()
            if _x:
                return _f.fail()
            _f.pc = -1
            return gate.settled.result()
    return _kwf.Coroutine(_kwf_step, (tasks, cancelling))


@_kwf.coroutine
def _all(tasks: Sequence[Any], order: Sequence[int], cancelling: bool) -> list[Any]:

    def _kwf_step(_f, _v, _x):
        _pc = _f.pc
        while True:
            if _pc == 0:
                tasks, order, cancelling = _f.slots
                _f.slots = ()
                gate = _Gate(tasks, enough=len(tasks), failures_only=True)
                _r = _until(gate, tasks)
                _f.pc = 1
                _f.slots = (cancelling, gate, order, tasks)
                return _r
            elif _pc == 1:
                cancelling, gate, order, tasks = _f.slots
                _f.slots = ()
                if _x:
                    return _f.fail()
                if gate.settled is not None:
                    _r = _let_go([task for task in tasks if task is not gate.settled], cancelling)
                    _f.pc = 2
                    _f.slots = (gate, order, tasks)
                    return _r
                _pc = 4
                continue
            elif _pc == 2:
                gate, order, tasks = _f.slots
                _f.slots = ()
                if _x:
                    return _f.fail()
                gate.settled.result()
                _pc = 4
                continue
            else:
                _f.pc = -1
                return [tasks[index].result() for index in order]
    return _kwf.Coroutine(_kwf_step, (tasks, order, cancelling))


@_kwf.coroutine
def _let_go(others: Sequence[Any], cancelling: bool) -> None:
    """The outcome is known: end the others, or leave them to themselves."""

    def _kwf_step(_f, _v, _x):
        _pc = _f.pc
        while True:
            if _pc == 0:
                others, cancelling = _f.slots
                _f.slots = ()
                if cancelling:
                    _r = _end(others, CancelToken())
                    _f.pc = 1
                    _f.slots = ()
                    return _r
                for task in others:
                    task.add_done_callback(_retrieve)
                _pc = 3
                continue
            elif _pc == 1:
                if _x:
                    return _f.fail()
                _pc = 3
                continue
            else:
                _f.pc = -1
                return None
    return _kwf.Coroutine(_kwf_step, (others, cancelling))


@_kwf.coroutine
def _all_settled(tasks: Sequence[Any], order: Sequence[int]) -> list[Any]:

    def _kwf_step(_f, _v, _x):
        _pc = _f.pc
        if _pc == 0:
            tasks, order = _f.slots
            _f.slots = ()
            gate = _Gate(tasks, enough=len(tasks))
            _r = _until(gate, tasks)
            _f.pc = 1
            _f.slots = (order, tasks)
            return _r
        else:
            order, tasks = _f.slots
            _f.slots = ()
            if _x:
                return _f.fail()
            outcomes = [_outcome(task) for task in tasks]
            _f.pc = -1
            return [outcomes[index] for index in order]
    return _kwf.Coroutine(_kwf_step, (tasks, order))


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
_kwf.module(__name__, {'_end': ('coroutine', (('await gate.opened#0', 90, ('again', 'gate', 'running', 'tasks')),), ('tasks', 'cause')), '_until': ('coroutine', (('await gate.opened#0', 106, ('gate', 'tasks')), ('await _end(tasks, exc)#0', 109, ())), ('gate', 'tasks')), '_first': ('coroutine', (('await _until(gate, tasks)#0', 116, ('cancelling', 'gate', 'tasks')), ('await _let_go([task for task in tasks if task is not gate.settled], cancelling)#0', 117, ('gate',))), ('tasks', 'cancelling')), '_all': ('coroutine', (('await _until(gate, tasks)#0', 123, ('cancelling', 'gate', 'order', 'tasks')), ('await _let_go([task for task in tasks if task is not gate.settled], cancelling)#0', 125, ('gate', 'order', 'tasks'))), ('tasks', 'order', 'cancelling')), '_let_go': ('coroutine', (('await _end(others, CancelToken())#0', 133, ()),), ('others', 'cancelling')), '_all_settled': ('coroutine', (('await _until(gate, tasks)#0', 141, ('order', 'tasks')),), ('tasks', 'order'))}, ('.tasks:ensure_future', 'builtins:BaseException', 'builtins:TypeError', 'builtins:ValueError', 'builtins:bool', 'builtins:dict', 'builtins:enumerate', 'builtins:id', 'builtins:int', 'builtins:len', 'builtins:list', 'builtins:str', 'builtins:tuple', 'builtins:type', 'collections.abc:Sequence', 'kwf_runtime.lib.base:CancelToken', 'kwf_runtime.lib.base:CancelledError', 'kwf_runtime.lib.base:cancel_like', 'kwf_runtime.lib.base:is_awaitable', 'kwf_runtime.lib.base:is_coroutine', 'kwf_runtime.lib.base:running_loop', 'kwf_runtime.lib.native:is_native', 'kwf_runtime.lib.native:spawn', 'typing:Any'))
