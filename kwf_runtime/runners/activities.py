"""Activities in the engine's own process: attempts, time limits, retries; at least once.

A `def` runs on a thread of its own, an `async def` on one asyncio loop beside the engine. The pool
is used from the runner's thread alone; attempts report through a queue. Nothing here is stored: a
call lives in its thread's record until its outcome is committed, so after a restart it begins anew,
with its attempts counted from one. Limit: a `def` cannot be stopped; when it is cancelled, or over
its time, it is abandoned: it runs to its end, and nobody listens.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import heapq
import inspect
import itertools
import logging
import queue
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from kwf_runtime.core.outputs import CallActivity
from kwf_runtime.errors import DecodeError, UnsavableError
from kwf_runtime.runners.calls import ActivityOutcome, Codec, call_id_of, decode_call

_LOG = logging.getLogger("kwf.activities")
_MAX_RUNNING = 64
_CLOSE_S = 5.0

_Key = tuple[str, str]


@dataclass(slots=True)
class _Running:
    """A call that has not ended yet: between attempts, or in one (`number` names it)."""

    thread_id: str
    call: CallActivity
    first_ms: int
    attempts: int = 0
    number: int = 0
    deadline_s: float | None = None
    future: concurrent.futures.Future[object] | None = None


@dataclass(frozen=True, slots=True)
class _Report:
    key: _Key
    number: int
    value: object = None
    error: BaseException | None = field(default=None)


class ActivityPool:
    """Runs the activities that committed steps have called."""

    def __init__(
        self,
        find: Callable[[str], Callable[..., object] | None],
        clock: Callable[[], int],
        codec: Codec,
    ) -> None:
        """Make an idle pool.

        Args:
            find: Returns the function of an activity; None if no loaded module has it.
            clock: The time in ms; pauses between attempts count by it.
            codec: Loads arguments and saves results.
        """
        self._find = find
        self._clock = clock
        self._codec = codec
        self._calls: dict[_Key, _Running] = {}
        self._in_attempt: set[_Key] = set()
        self._pauses: list[tuple[int, int, _Key, int]] = []
        self._waiting: deque[_Key] = deque()
        self._reports: queue.SimpleQueue[_Report] = queue.SimpleQueue()
        self._done: list[ActivityOutcome] = []
        self._numbers = itertools.count(1)
        self._loop = _LoopThread()

    def start(self, thread_id: str, encoded: bytes) -> None:
        """Run a call that a commit has stored."""
        try:
            call = decode_call(encoded, self._codec)
        except DecodeError as error:
            failure = (type(error).__name__, str(error), 0, "")
            self._done.append(ActivityOutcome(thread_id, call_id_of(encoded), failure=failure))
            return
        key = (thread_id, call.call_id)
        self._calls[key] = _Running(thread_id, call, self._clock())
        self._waiting.append(key)
        self._launch()

    def cancel(self, thread_id: str, call_id: str) -> None:
        """Stop a call as far as it can be stopped; its outcome is never delivered."""
        self._drop((thread_id, call_id))

    def take(self) -> list[ActivityOutcome]:
        """Return the calls that have ended for good since the last time."""
        while not self._reports.empty():
            self._settle(self._reports.get())
        self._check_deadlines()
        now_ms = self._clock()
        while self._pauses and self._pauses[0][0] <= now_ms:
            _, _, key, attempts = heapq.heappop(self._pauses)
            running = self._calls.get(key)
            if running is not None and running.attempts == attempts:
                self._waiting.append(key)
        self._launch()
        done, self._done = self._done, []
        return done

    def ready(self) -> bool:
        """Tell whether `take` may have something to do."""
        if self._done or not self._reports.empty():
            return True
        if self._pauses and self._pauses[0][0] <= self._clock():
            return True
        return self._overdue() is not None

    def idle(self) -> bool:
        """Tell whether nothing runs and nothing is left to take; a pause before a retry is idle."""
        return not (self._in_attempt or self._waiting or self._done or not self._reports.empty())

    def close(self) -> None:
        """Stop what can be stopped; outcomes that were not taken come again after a restart."""
        for key in list(self._calls):
            self._drop(key)
        self._loop.close()

    def _launch(self) -> None:
        while self._waiting and len(self._in_attempt) < _MAX_RUNNING:
            key = self._waiting.popleft()
            running = self._calls.get(key)
            if running is not None:
                self._attempt(key, running)

    def _attempt(self, key: _Key, running: _Running) -> None:
        call = running.call
        function = self._find(call.name)
        if function is None:
            _LOG.error(
                "activity %s, which thread %r waits for, is not loaded: "
                "it will run when an engine with its module starts",
                call.name,
                running.thread_id,
            )
            return
        running.attempts += 1
        running.number = number = next(self._numbers)
        timeout_s = call.options.timeout_s
        running.deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        self._in_attempt.add(key)

        def report(value: object, error: BaseException | None) -> None:
            self._reports.put(_Report(key, number, value, error))

        if inspect.iscoroutinefunction(function):
            running.future = self._loop.run(function, call, report)
        else:
            running.future = None
            thread = threading.Thread(
                target=_run_here,
                args=(function, call, report),
                name=f"kwf-activity-{call.name}",
                daemon=True,
            )
            thread.start()

    def _settle(self, report: _Report) -> None:
        running = self._calls.get(report.key)
        if running is None or running.number != report.number or report.key not in self._in_attempt:
            return  # cancelled, or over its time
        self._in_attempt.discard(report.key)
        if report.error is None:
            try:
                value = self._codec.dumps(report.value)
            except UnsavableError as error:
                self._fail(report.key, running, error, final=True)
                return
            del self._calls[report.key]
            self._done.append(ActivityOutcome(*report.key, value=value))
        else:
            self._fail(report.key, running, report.error)

    def _fail(
        self, key: _Key, running: _Running, error: BaseException, *, final: bool = False
    ) -> None:
        options = running.call.options
        retry = options.retry
        pause_ms = min(retry.initial_ms * retry.factor ** (running.attempts - 1), retry.max_ms)
        now_ms = self._clock()
        next_ms = now_ms + round(pause_ms)
        limit_s = options.schedule_to_close_s
        late = limit_s is not None and next_ms - running.first_ms >= limit_s * 1000
        if not (final or late or retry.gives_up(error, running.attempts)):
            heapq.heappush(self._pauses, (next_ms, next(self._numbers), key, running.attempts))
            return
        del self._calls[key]
        text = "".join(traceback.format_exception(error))
        failure = (type(error).__name__, str(error), running.attempts, text)
        self._done.append(ActivityOutcome(*key, failure=failure))

    def _overdue(self) -> _Key | None:
        now_s = time.monotonic()
        for key in self._in_attempt:
            deadline_s = self._calls[key].deadline_s
            if deadline_s is not None and deadline_s <= now_s:
                return key
        return None

    def _check_deadlines(self) -> None:
        while (key := self._overdue()) is not None:
            running = self._calls[key]
            self._in_attempt.discard(key)
            if running.future is not None:
                running.future.cancel()
            limit_s = running.call.options.timeout_s
            self._fail(key, running, TimeoutError(f"no result within {limit_s} s"))

    def _drop(self, key: _Key) -> None:
        running = self._calls.pop(key, None)
        self._in_attempt.discard(key)
        if running is not None and running.future is not None:
            running.future.cancel()


def _run_here(
    function: Callable[..., object],
    call: CallActivity,
    report: Callable[[object, BaseException | None], None],
) -> None:
    try:
        value = function(*call.args, **call.kwargs)
    except BaseException as error:
        report(None, error)
    else:
        report(value, None)


class _LoopThread:
    """An asyncio loop on a thread of its own, started when the first `async def` comes."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(
        self,
        function: Callable[..., Coroutine[Any, Any, object]],
        call: CallActivity,
        report: Callable[[object, BaseException | None], None],
    ) -> concurrent.futures.Future[object]:
        """Run the function's coroutine on the loop."""

        async def attempt() -> None:
            try:
                value = await function(*call.args, **call.kwargs)
            except BaseException as error:
                report(None, error)
                if isinstance(error, asyncio.CancelledError):
                    raise
            else:
                report(value, None)

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=self._loop.run_forever, name="kwf-activities", daemon=True
            )
            self._thread.start()
        return asyncio.run_coroutine_threadsafe(attempt(), self._loop)

    def close(self) -> None:
        """End the loop; what still runs on it gets its cancellation."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result(_CLOSE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_CLOSE_S)
        loop.close()
        self._loop = None


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=_CLOSE_S / 2) if tasks else None
