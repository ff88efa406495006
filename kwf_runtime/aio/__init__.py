"""What ``import asyncio`` binds in a compiled module: asyncio, durable inside a workflow thread.

Every public name of asyncio is here. What can wait or is waited for has a durable version, with
the semantics of CPython 3.11 (see `kwf_runtime.lib`); what needs this process to live on (sockets,
subprocesses, OS threads) is refused inside a workflow thread, with a pointer to activities; the
rest, exceptions and constants among it, is asyncio's own. Outside of a workflow thread all is
asyncio's own.

Limits: a lock or queue made at import time is asyncio's own: make it where the workflow runs.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import Any, Final

from kwf_runtime.aio.facade import either, either_class, refused
from kwf_runtime.core import futures as _core_futures
from kwf_runtime.core import tasks as _core_tasks
from kwf_runtime.core.current import current
from kwf_runtime.lib import module as _module

_locks = _module("locks")
_queues = _module("queues")
_tasks = _module("tasks")
_taskgroups = _module("taskgroups")
_timeouts = _module("timeouts")

__all__ = list(asyncio.__all__)


_SUBMODULES: Final = frozenset({"futures", "locks", "queues", "taskgroups", "tasks", "timeouts"})


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    try:
        return getattr(asyncio, name)
    except AttributeError:
        raise AttributeError(f"module 'asyncio' has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return sorted({*dir(asyncio), *globals()})


# Tasks


def _get_running_loop() -> Any:
    thread = current()
    return asyncio.get_running_loop() if thread is None else thread.loop


def _current_task(loop: Any = None) -> Any:
    return (_get_running_loop() if loop is None else loop).current_task


def _all_tasks(loop: Any = None) -> set[Any]:
    return set((_get_running_loop() if loop is None else loop).tasks)


create_task = either(_tasks.create_task, asyncio.create_task)
ensure_future = either(_tasks.ensure_future, asyncio.ensure_future)
gather = either(_tasks.gather, asyncio.gather)
wait = either(_tasks.wait, asyncio.wait)
wait_for = either(_tasks.wait_for, asyncio.wait_for)
as_completed = either(_tasks.as_completed, asyncio.as_completed)
shield = either(_tasks.shield, asyncio.shield)
sleep = either(_tasks.sleep, asyncio.sleep)
timeout = either(_timeouts.timeout, asyncio.timeout)
timeout_at = either(_timeouts.timeout_at, asyncio.timeout_at)
current_task = either(_current_task, asyncio.current_task)
all_tasks = either(_all_tasks, asyncio.all_tasks)
get_running_loop = either(_get_running_loop, asyncio.get_running_loop)
get_event_loop = either(_get_running_loop, asyncio.get_event_loop)


Future = either_class(_core_futures.Future, asyncio.Future)
Task = either_class(_core_tasks.Task, asyncio.Task)
TaskGroup = either_class(_taskgroups.TaskGroup, asyncio.TaskGroup)
Timeout = either_class(_timeouts.Timeout, asyncio.Timeout)


# Locks and queues


Lock = either_class(_locks.Lock, asyncio.Lock)
Event = either_class(_locks.Event, asyncio.Event)
Condition = either_class(_locks.Condition, asyncio.Condition)
Semaphore = either_class(_locks.Semaphore, asyncio.Semaphore)
BoundedSemaphore = either_class(_locks.BoundedSemaphore, asyncio.BoundedSemaphore)
Barrier = either_class(_locks.Barrier, asyncio.Barrier)
Queue = either_class(_queues.Queue, asyncio.Queue)
LifoQueue = either_class(_queues.LifoQueue, asyncio.LifoQueue)
PriorityQueue = either_class(_queues.PriorityQueue, asyncio.PriorityQueue)


# What cannot be durable

_PROCESS = "what it gives lives in this process only and cannot be saved"
_LOOP = "the thread has its loop, which the engine runs"

to_thread = refused(asyncio.to_thread, "an OS thread does not survive a restart")
run_coroutine_threadsafe = refused(asyncio.run_coroutine_threadsafe, _PROCESS)
wrap_future = refused(asyncio.wrap_future, _PROCESS)
open_connection = refused(asyncio.open_connection, _PROCESS)
start_server = refused(asyncio.start_server, _PROCESS)
create_subprocess_exec = refused(asyncio.create_subprocess_exec, _PROCESS)
create_subprocess_shell = refused(asyncio.create_subprocess_shell, _PROCESS)
if hasattr(asyncio, "open_unix_connection"):  # not on Windows
    open_unix_connection = refused(asyncio.open_unix_connection, _PROCESS)
    start_unix_server = refused(asyncio.start_unix_server, _PROCESS)
run = refused(asyncio.run, _LOOP)
Runner = refused(asyncio.Runner, _LOOP)
new_event_loop = refused(asyncio.new_event_loop, _LOOP)
set_event_loop = refused(asyncio.set_event_loop, _LOOP)
