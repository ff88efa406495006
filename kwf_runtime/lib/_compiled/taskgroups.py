# kwf: compiled
# Generated from kwf_runtime/lib/taskgroups.py by tools/build_lib.py: not for editing.
# fmt: off
# ruff: noqa
# mypy: ignore-errors
# kwf: compiled from kwf_runtime/lib/taskgroups.py; do not edit
"""``asyncio.TaskGroup`` whose owner may be suspended in it.

A port of CPython 3.11's Lib/asyncio/taskgroups.py, compiled by kwf itself. Tasks are kept, and so
cancelled, in the order they were created; CPython's order is that of a set.

Limits: none beyond CPython's.
"""

from __future__ import annotations
import kwf_runtime.abi as _kwf

from typing import Any

from kwf_runtime.lib.base import CancelledError, current_task, running_loop


class TaskGroup:
    """``asyncio.TaskGroup``: leaves only when all its tasks have ended; an error cancels them."""

    def __init__(self) -> None:
        self._entered = False
        self._exiting = False
        self._aborting = False
        self._loop: Any = None
        self._parent_task: Any = None
        self._parent_cancel_requested = False
        self._tasks: dict[Any, None] = {}
        self._errors: list[BaseException] | None = []
        self._base_error: BaseException | None = None
        self._on_completed_fut: Any = None

    def __repr__(self) -> str:
        info = [""]
        if self._tasks:
            info.append(f"tasks={len(self._tasks)}")
        if self._errors:
            info.append(f"errors={len(self._errors)}")
        if self._aborting:
            info.append("cancelling")
        elif self._entered:
            info.append("entered")
        return f"<TaskGroup{' '.join(info)}>"

    @_kwf.coroutine
    def __aenter__(self) -> TaskGroup:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            self, = _f.slots
            _f.slots = ()
            if self._entered:
                raise RuntimeError(f'TaskGroup {self!r} has already been entered')
            if self._loop is None:
                self._loop = running_loop()
            self._parent_task = current_task()
            if self._parent_task is None:
                raise RuntimeError(f'TaskGroup {self!r} cannot determine the parent task')
            self._entered = True
            _f.pc = -1
            return self
        return _kwf.Coroutine(_kwf_step, (self,))

    @_kwf.coroutine
    def __aexit__(self, exc_type: type[BaseException] | None, exc: BaseException | None, _traceback: object) -> None:

        def _kwf_step(_f, _v, _x):
            _pc = _f.pc
            while True:
                try:
                    if _pc < 6:
                        if _pc == 0:
                            self, exc_type, exc, _traceback = _f.slots
                            _f.slots = ()
                            self._exiting = True
                            if exc is not None and _is_base_error(exc) and (self._base_error is None):
                                self._base_error = exc
                            is_cancelled = isinstance(exc, CancelledError)
                            propagated = exc if is_cancelled else None
                            if self._parent_cancel_requested and self._parent_task.uncancel() == 0:
                                propagated = None
                            if exc_type is not None and (not self._aborting):
                                self._abort()
                            _pc = 2
                            continue
                        elif _pc == 1:
                            exc, is_cancelled, propagated, self = _f.slots
                            _f.slots = ()
                            if _x:
                                _f.through()
                                _x = False
                                _pc = 7
                                continue
                            _pc = 5
                            continue
                        elif _pc == 2:
                            if self._tasks:
                                if self._on_completed_fut is None:
                                    self._on_completed_fut = self._loop.create_future()
                                pass
                                _pc = 4
                                continue
                            if self._base_error is not None:
                                raise self._base_error
                            if propagated is not None and (not self._errors):
                                raise propagated
                            errors = self._errors
                            assert errors is not None
                            if exc is not None and (not is_cancelled):
                                errors.append(exc)
                            if errors:
                                self._errors = None
                                raise BaseExceptionGroup('unhandled errors in a TaskGroup', errors) from None
                            _f.pc = -1
                            return None
                        elif _pc == 4:
                            _r = self._on_completed_fut
                            _f.pc = 1
                            _f.slots = (exc, is_cancelled, propagated, self)
                            return _r
                        else:
                            self._on_completed_fut = None
                            _pc = 2
                            continue
                    elif _pc == 6:
                        exc, is_cancelled, propagated, self = _f.slots
                        _f.slots = ()
                        _pc = 5
                        continue
                    elif _pc == 7:
                        _f.catch(0)
                        _f.pc = 8
                        _f.slots = (exc, is_cancelled, propagated, self)
                        return _kwf.SWITCH
                    elif _pc == 8:
                        exc, is_cancelled, propagated, self = _f.slots
                        _f.slots = ()
                        if _f.catches(CancelledError):
                            cancelled = _f.handled[-1]
                            _pc = 10
                            continue
                        return _f.reraise()
                    elif _pc == 10:
                        if not self._aborting:
                            propagated = cancelled
                            self._abort()
                        _pc = 11
                        continue
                    elif _pc == 11:
                        cancelled = None
                        del cancelled
                        _f.leave(0)
                        _f.pc = 6
                        _f.slots = (exc, is_cancelled, propagated, self)
                        return _kwf.SWITCH
                    else:
                        _f.catch(1)
                        cancelled = None
                        del cancelled
                        return _f.reraise()
                except _kwf.BaseException as _c:
                    _pc = (-1, 7, -1, -1, 7, -1, -1, -1, -1, -1, 12, -1, -1, -1, -1)[_pc]
                    if _pc < 0:
                        raise
                    _f.thrown = _c
        return _kwf.Coroutine(_kwf_step, (self, exc_type, exc, _traceback))

    def create_task(self, coro: Any, *, name: str | None = None, context: Any = None) -> Any:
        """Start ``coro`` as a task of this group.

        Raises:
            RuntimeError: the group was not entered, or is over, or shuts down.
        """
        if not self._entered:
            raise RuntimeError(f"TaskGroup {self!r} has not been entered")
        if self._exiting and not self._tasks:
            raise RuntimeError(f"TaskGroup {self!r} is finished")
        if self._aborting:
            raise RuntimeError(f"TaskGroup {self!r} is shutting down")
        options = {} if context is None else {"context": context}
        task = self._loop.create_task(coro, **options)
        if name is not None:
            task.set_name(name)
        task.add_done_callback(self._on_task_done)
        self._tasks[task] = None
        return task

    def _abort(self) -> None:
        self._aborting = True
        for task in list(self._tasks):
            if not task.done():
                task.cancel()

    def _on_task_done(self, task: Any) -> None:
        self._tasks.pop(task, None)
        if (
            self._on_completed_fut is not None
            and not self._tasks
            and not self._on_completed_fut.done()
        ):
            self._on_completed_fut.set_result(True)
        if task.cancelled():
            return
        exc = task.exception()
        if exc is None:
            return
        assert self._errors is not None
        self._errors.append(exc)
        if _is_base_error(exc) and self._base_error is None:
            self._base_error = exc
        if self._parent_task.done():
            self._loop.call_exception_handler(
                {
                    "message": f"Task {task!r} has errored out but its parent "
                    f"task {self._parent_task} is already completed",
                    "exception": exc,
                    "task": task,
                }
            )
            return
        if not self._aborting and not self._parent_cancel_requested:
            # Interrupt whatever the parent awaits inside the block; __aexit__ takes it back.
            self._abort()
            self._parent_cancel_requested = True
            self._parent_task.cancel()


def _is_base_error(exc: BaseException) -> bool:
    return isinstance(exc, (SystemExit, KeyboardInterrupt))
_kwf.module(__name__, {'TaskGroup.__aenter__': ('coroutine', (), ('self',)), 'TaskGroup.__aexit__': ('coroutine', (('await self._on_completed_fut#0', 75, ('exc', 'is_cancelled', 'propagated', 'self')),), ('self', 'exc_type', 'exc', '_traceback'))}, ('builtins:BaseException', 'builtins:BaseExceptionGroup', 'builtins:KeyboardInterrupt', 'builtins:RuntimeError', 'builtins:SystemExit', 'builtins:bool', 'builtins:dict', 'builtins:isinstance', 'builtins:len', 'builtins:list', 'builtins:object', 'builtins:str', 'builtins:type', 'kwf_runtime.lib.base:CancelledError', 'kwf_runtime.lib.base:current_task', 'kwf_runtime.lib.base:running_loop', 'typing:Any'))
