"""``asyncio.TaskGroup`` whose owner may be suspended in it.

A port of CPython 3.11's Lib/asyncio/taskgroups.py, compiled by kwf itself. Tasks are kept, and so
cancelled, in the order they were created; CPython's order is that of a set.

Limits: none beyond CPython's.
"""

from __future__ import annotations

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

    async def __aenter__(self) -> TaskGroup:
        if self._entered:
            raise RuntimeError(f"TaskGroup {self!r} has already been entered")
        if self._loop is None:
            self._loop = running_loop()
        self._parent_task = current_task()
        if self._parent_task is None:
            raise RuntimeError(f"TaskGroup {self!r} cannot determine the parent task")
        self._entered = True
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, _traceback: object
    ) -> None:
        self._exiting = True
        if exc is not None and _is_base_error(exc) and self._base_error is None:
            self._base_error = exc
        # The token of W.cancel is a subclass, and as much a cancellation of the parent.
        is_cancelled = isinstance(exc, CancelledError)
        propagated = exc if is_cancelled else None
        # The parent was cancelled by this group: that request is taken back here, and if it
        # was the only one, the CancelledError is not the parent's business.
        if self._parent_cancel_requested and self._parent_task.uncancel() == 0:
            propagated = None
        if exc_type is not None and not self._aborting:
            self._abort()

        # A loop: the parent may be cancelled again and again while it waits here.
        while self._tasks:
            if self._on_completed_fut is None:
                self._on_completed_fut = self._loop.create_future()
            try:
                await self._on_completed_fut
            except CancelledError as cancelled:
                if not self._aborting:
                    propagated = cancelled
                    self._abort()
            self._on_completed_fut = None

        if self._base_error is not None:
            raise self._base_error
        # Errors have priority over a cancellation.
        if propagated is not None and not self._errors:
            raise propagated
        errors = self._errors
        assert errors is not None
        if exc is not None and not is_cancelled:
            errors.append(exc)
        if errors:
            self._errors = None
            raise BaseExceptionGroup("unhandled errors in a TaskGroup", errors) from None

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
