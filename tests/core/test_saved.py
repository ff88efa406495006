"""A thread that is saved and loaded between any two steps does what one does that is not."""

from __future__ import annotations

import itertools
import sys
import types
from pathlib import Path

import pytest

from kwf_compiler.hook import compile_code
from kwf_runtime import serial
from kwf_runtime.core.engine import Outcome
from kwf_runtime.testing import Thread

SOURCE = Path(__file__).with_name("saved_workflows.py")


@pytest.fixture(scope="module")
def workflows():
    module = types.ModuleType("saved_workflows")
    module.__file__ = str(SOURCE)
    sys.modules[module.__name__] = module
    exec(compile_code(SOURCE.read_text(), str(SOURCE)), vars(module))
    yield module
    del sys.modules[module.__name__]


def both(function, script):
    """Run a workflow as it is, and saved between any two steps; return what both did."""
    outcomes = []
    for roundtrip in (False, True):
        thread = Thread(function, roundtrip=roundtrip)
        for action in script:
            action(thread)
        logs = [log.message for log in thread.last.logs]
        outcomes.append((thread.last.result, thread.error, thread.outputs, logs))
    assert outcomes[0] == outcomes[1]
    return outcomes[0]


def resume(ref, value=None):
    return lambda thread: thread.resume(ref, value)


def reject(ref, error):
    return lambda thread: thread.reject(ref, error)


def advance(seconds):
    return lambda thread: thread.advance(seconds)


def unmatched(ref):
    def check(thread):
        with pytest.raises(LookupError):
            thread.resume(ref)

    return check


def test_suspensions_held_and_dropped(workflows):
    script = [resume("go"), unmatched("0:1"), resume("0:0", "held"), resume("x", "chosen")]
    assert both(workflows.held_and_dropped, script)[0] == '["held","chosen","chosen"]'


def test_channel_and_its_getter(workflows):
    script = [resume("c", 1), reject("c", "bad"), resume("go"), resume("c", 3), resume("c", 4)]
    assert both(workflows.channel, script)[0] == '[1,"bad",3,4]'


def test_activity_and_timer(workflows):
    script = [advance(3600), lambda thread: thread.deliver("0:a0", 49)]
    assert both(workflows.activity_and_timer, script)[0] == '["slept",49]'


def test_cancellation_across_a_save(workflows):
    result, error, outputs, _ = both(workflows.cancelled, [lambda thread: thread.cancel()])
    assert (result, error) == (None, None)
    result, error, outputs, _ = both(
        workflows.cancelled, [lambda thread: thread.cancel(), resume("clean")]
    )
    assert (result, error) == (None, "CancelToken")
    assert outputs == [("out", "thread", "cleaning"), ("out", "thread", "clean")]


def test_failed_future_keeps_exception_and_traceback(workflows):
    thread = Thread(workflows.failed_task)
    assert thread.last.logs == ()
    thread.resume("go")
    assert thread.error == "ValueError: kept"
    assert "in fails" in thread.last.traceback
    assert f'File "{SOURCE}"' in thread.last.traceback


def test_lost_exception_is_reported_by_the_step_that_loses_it(workflows):
    _, _, _, logs = both(workflows.lost_exception, [resume("go")])
    assert logs == ["Task exception was never retrieved: ValueError: lost"]


def test_settled_future_and_own_subclasses(workflows):
    result, *_ = both(workflows.own_futures, [resume("go")])
    assert result == '["value",1,2,3,"CancelToken","Task-1",true]'


def test_context_variables(workflows):
    assert both(workflows.contexts, [resume("go"), resume("go")])[0] == '["main","child"]'


def test_endless_loop_keeps_its_size(workflows):
    thread = Thread(workflows.endless)
    sizes = []
    for n in range(40):
        if n % 2:
            thread.advance(5)
        else:
            thread.resume(thread.waiting[0])
        sizes.append(len(thread.state))
    assert max(sizes[2:]) - min(sizes[2:]) <= 8  # the numbers in it grow


def test_state_is_small(workflows):
    assert len(Thread(workflows.minimal).state) < 350


def test_callbacks_that_nobody_else_holds(workflows):
    script = [resume("0:0", "by callback")]
    assert both(workflows.callback_only, script)[0] == '"by callback"'


def test_loads_in_any_order_of_events(workflows):
    """The three answers may come in any order, each before or after a save."""
    for order in itertools.permutations("abc"):
        result, *_ = both(workflows.three, [resume(ref, ref) for ref in order])
        assert result == '["a","b","c"]'


def test_main_is_found_again_after_a_load(workflows):
    thread = Thread(workflows.minimal)
    loaded = serial.loads(serial.dumps(thread.thread))
    assert loaded.main in loaded.loop.tasks
    assert loaded.main.get_loop() is loaded.loop
    assert repr(loaded.main).startswith("<Task pending name='Task-1' coro=<coroutine object")
    thread.resume("x")
    assert thread.last.outcome is Outcome.COMPLETED
