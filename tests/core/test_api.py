"""What workflow code calls: outputs, other threads, activities, cancellation, configuration."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
import types

import pytest
from core_support import Driver

import kwf_runtime as W
from kwf_runtime.core import program as programs
from kwf_runtime.core.activity import find_activity
from kwf_runtime.core.current import require
from kwf_runtime.core.engine import Outcome, Workflow
from kwf_runtime.core.outputs import CallActivity, CancelActivity, Emit
from kwf_runtime.errors import ConfigError


def create_task(coro, **options):
    return require("create_task").loop.create_task(coro, **options)


@W.activity
def charge(amount, *, currency="EUR"):
    return f"{amount} {currency}"


@W.activity(name="ship it", retry=W.Retry(max_attempts=2), timeout_s=5, queue="slow")
async def ship(item):
    await asyncio.sleep(0)
    return f"shipped {item}"


# Outputs


def test_outputs_in_order_with_keys_and_null():
    async def main():
        W.output("a", "out")
        W.output("b", "out", "other")
        W.output(None, "out", "gone")
        W.output_json({"x": (1, 2)}, "out")
        W.output("5000", "workflow-scheduler", W.suspend("s").key)

    assert Driver(main).start().outputs == (
        Emit("out", "t1", "a"),
        Emit("out", "other", "b"),
        Emit("out", "gone", None),
        Emit("out", "t1", '{"x":[1,2]}'),
        Emit("workflow-scheduler", 't1|{"ref":"s"}', "5000"),
    )


def test_undeclared_topic_says_how_to_declare():
    async def main():
        W.output("x", "secret")

    error = Driver(main).start().error
    assert error.startswith("UndeclaredTopicError: topic 'secret' is not declared (declared: out)")
    assert "W.config.output_topics.add('secret')" in error


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ((5, "out"), "TypeError: W.output: the value must be a str or None, not int"),
        (({}, "out"), "TypeError: W.output: the value must be a str or None, not dict"),
        (("x", 5), "TypeError: W.output: the topic must be a str, not int"),
        (("x", "out", 5), "TypeError: W.output: the key must be a str, not int"),
        (("\ud800", "out"), "ValueError: W.output: the value has a lone surrogate"),
    ],
)
def test_wrong_outputs(args, error):
    async def main():
        W.output(*args)

    result = Driver(main).start()
    assert result.error.startswith(error)
    assert result.outputs == ()


def test_output_of_what_is_not_json():
    async def main():
        W.output_json({"a": [float("nan")]}, "out")

    assert Driver(main).start().error.startswith("JsonError: $.a[0]: nan is not a number")


def test_ensure_thread():
    async def main():
        W.ensure_thread({"a": 1}, "t2")
        W.ensure_thread(None, "t3", workflow="other")

    assert Driver(main).start().outputs == (
        Emit("workflow-resume", "t2", 'new:{"a":1}', (("if-absent", b"1"), ("workflow", b"test"))),
        Emit("workflow-resume", "t3", "new:null", (("if-absent", b"1"), ("workflow", b"other"))),
    )


@pytest.mark.parametrize("key", ["", "a|b", 5])
def test_ensure_thread_needs_a_thread_id(key):
    async def main():
        W.ensure_thread(1, key)

    assert "W.ensure_thread" in Driver(main).start().error


# Activities


def test_activity_is_called_at_once_and_its_result_delivered():
    async def main():
        first = charge(5, currency="USD")
        second = ship("book")
        return [await second, await first, await first]

    driver = Driver(main)
    result = driver.start()
    options = find_activity("ship it").options
    assert (options.retry.max_attempts, options.timeout_s, options.queue) == (2, 5, "slow")
    assert result.outputs == (
        CallActivity(
            "0:a0",
            f"{__name__}:charge",
            (5,),
            {"currency": "USD"},
            find_activity(f"{__name__}:charge").options,
        ),
        CallActivity("0:a1", "ship it", ("book",), {}, options),
    )
    driver.done("0:a0", "paid")
    result = driver.done("0:a1", "sent")
    assert result.result == '["sent","paid","paid"]'
    assert result.outputs == ()


def test_activity_does_not_take_numbers_of_suspensions():
    async def main():
        charge(1)
        return W.suspend().id

    assert Driver(main).start().result == '"0:0"'


def test_activity_error():
    async def main():
        try:
            await charge(1)
        except W.ActivityError as exc:
            return [exc.type, exc.message, exc.attempts, str(exc)]

    driver = Driver(main)
    driver.start()
    result = driver.failed("0:a0", W.ActivityError("IOError", "disk", 3, "Traceback ..."))
    assert result.result == '["IOError","disk",3,"IOError: disk (after 3 attempts)"]'


def test_cancelling_what_awaits_an_activity_cancels_it():
    async def work():
        await charge(1)

    async def main():
        task = create_task(work())
        await asyncio.sleep(0)
        W.cancel(task)
        try:
            await task
        except W.CancelToken:
            await W.suspend("end")

    driver = Driver(main)
    result = driver.start()
    assert result.outputs[1:] == (CancelActivity("0:a0"),)
    assert driver.done("0:a0").outcome is Outcome.UNMATCHED


def test_activity_outcome_is_delivered_once():
    async def main():
        call = charge(1)
        await W.suspend("go")
        return await call

    driver = Driver(main)
    driver.start()
    driver.done("0:a0", 1)
    assert driver.done("0:a0", 2).outcome is Outcome.UNMATCHED
    assert driver.resume("go").result == "1"


def test_activities_that_still_run_are_cancelled_at_the_end():
    async def main():
        charge(1)
        create_task(charge(2))
        await asyncio.sleep(0)

    outputs = Driver(main).start().outputs
    assert [o.call_id for o in outputs if isinstance(o, CancelActivity)] == ["0:a1", "0:a0"]


def test_activity_as_a_task():
    async def main():
        return await create_task(ship(1))

    driver = Driver(main)
    driver.start()
    assert driver.done("0:a0", "x").result == '"x"'


def test_wrong_arguments_of_an_activity():
    async def main():
        charge()

    error = Driver(main).start().error
    assert error == "TypeError: charge(): missing a required argument: 'amount'"


def test_activity_outside_of_a_thread_is_the_plain_function():
    assert charge(3) == "3 EUR"
    assert asyncio.run(ship("pen")) == "shipped pen"
    assert charge.__name__ == "charge"
    assert str(inspect.signature(charge)) == "(amount, *, currency='EUR')"
    assert charge.__kwf_activity__ is find_activity(f"{__name__}:charge")


def test_two_activities_of_one_name():
    with pytest.raises(ValueError, match="two activities are named 'ship it'"):
        W.activity(name="ship it")(lambda: None)
    assert find_activity("no such") is None


@pytest.mark.parametrize(
    "wrong", [{"initial_ms": -1}, {"max_attempts": 0}, {"factor": 0.5}, {"max_ms": -1}]
)
def test_wrong_retry(wrong):
    with pytest.raises(ValueError, match="Retry"):
        W.Retry(**wrong)


# Cancellation


def test_cancel_of_coroutines():
    ran = []

    async def never():
        ran.append(1)

    async def main():
        fresh = never()
        assert W.cancel(fresh)
        assert not W.cancel(fresh)
        started = never_ending()
        task = create_task(started)
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="make it a task"):
            W.cancel(started)
        W.cancel(task)
        assert not W.cancel(W.channel("c").get())
        with pytest.raises(TypeError, match="int cannot be cancelled"):
            W.cancel(5)

    async def never_ending():
        await W.suspend()

    assert Driver(main).start().outcome is Outcome.COMPLETED
    assert ran == []


def test_cancel_of_a_task_throws_the_token_through_tasks():
    trace = []

    async def inner():
        try:
            await W.suspend()
        except W.CancelToken:
            trace.append("inner")
            raise

    async def outer():
        try:
            await create_task(inner())
        except W.CancelToken as exc:
            trace.append(type(exc).__name__)
            raise

    async def main():
        task = create_task(outer())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert W.cancel(task)
        for _ in range(2):
            with pytest.raises(W.CancelToken):
                await task
        assert task.cancelled()
        assert not W.cancel(task)

    assert Driver(main).start().outcome is Outcome.COMPLETED
    assert trace == ["inner", "CancelToken"]


def test_cancel_of_a_task_that_has_not_started():
    async def never():
        raise AssertionError

    async def main():
        task = create_task(never())
        W.cancel(task)
        with pytest.raises(W.CancelToken):
            await task

    assert Driver(main).start().outcome is Outcome.COMPLETED


def test_cancel_of_a_future():
    async def main():
        future = require("x").loop.create_future()
        W.cancel(future)
        await future

    assert Driver(main).start().error == "CancelToken"


# Configuration


def module_of(source):
    module = types.ModuleType("flow")
    module.__file__ = "flow.py"
    exec(source, vars(module))
    return module


def test_config_of_a_module():
    module = module_of(
        "import kwf_runtime as W\n"
        "W.config.output_topics.add('a')\n"
        "W.config.output_topics |= {'b'}\n"
        "W.config.result_topic = 'results'\n"
        "W.config.channels.add('c')\n"
        "async def main(): pass\n"
    )
    other = module_of("import kwf_runtime as W\nW.config.error_topic = 'errors'\n")
    config = Workflow("flow", module.main, module).config
    assert config.output_topics == {"a", "b"}
    assert (config.result_topic, config.error_topic, config.channels) == ("results", None, {"c"})
    assert programs.config_in(vars(other)).error_topic == "errors"
    assert programs.config_in(vars(other)).output_topics == set()


def test_manifest_overrides():
    module = module_of(
        "import kwf_runtime as W\n"
        "W.config.output_topics = {'a'}\n"
        "W.config.error_topic = 'errors'\n"
        "manifest = {'output_topics': ['b'], 'channels': ['c']}\n"
    )
    config = programs.config_in(vars(module))
    assert (config.output_topics, config.error_topic, config.channels) == ({"b"}, "errors", {"c"})


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("[]", "manifest must be a dict"),
        ("{'output_topic': []}", "did you mean 'output_topics'"),
        ("{'output_topics': 'a'}", "must be a list of names"),
        ("{'channels': [1]}", "must be a list of names"),
        ("{'result_topic': 5}", "must be the name of a topic"),
    ],
)
def test_wrong_manifest(manifest, message):
    with pytest.raises(ConfigError, match=message):
        programs.config_in(vars(module_of(f"manifest = {manifest}")))


def test_config_in_a_running_thread_is_its_workflows():
    async def main():
        W.config.output_topics.add("late")
        W.output("x", "late")
        return sorted(W.config.output_topics)

    assert Driver(main).start().result == '["late","out"]'


def test_wrong_config():
    with pytest.raises(TypeError, match="not one name"):
        W.config.output_topics = "a"
    with pytest.raises(AttributeError, match="no attribute 'topics'"):
        W.config.topics = {"a"}


def test_workflow_marks():
    @W.workflow
    async def plain():
        pass

    @W.workflow()
    async def called():
        pass

    @W.workflow(name="given")
    async def named():
        pass

    marks = [f.__kwf_workflow__ for f in (plain, called, named)]
    assert marks == [None, None, "given"]
    for wrong in ("", "a:b"):
        with pytest.raises(ValueError, match=r"W\.workflow"):
            W.workflow(name=wrong)


# The package


def test_import_is_cheap_and_every_name_is_there():
    script = (
        "import sys, kwf_runtime as W\n"
        "heavy = {'asyncio', 'apsw', 'libcst', 'confluent_kafka', 'click', 'msgpack', 'json'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "assert 'race' in dir(W)\n"
        "W.output, W.WorkflowError, W.CancelToken, W.config, W.race, W.suspend\n"
        "assert W.suspend is W.suspend\n"
        "try: W.nope\n"
        "except AttributeError as e: print(e)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout == "module 'kwf_runtime' has no attribute 'nope'\n"


# Outside of a thread


def test_every_function_needs_a_thread_or_the_mock(monkeypatch):
    monkeypatch.delenv("KWF_MOCK", raising=False)
    for call in (
        W.suspend,
        W.ref,
        lambda: W.ref_id("x"),
        lambda: W.channel("x"),
        lambda: W.output("x", "out"),
        lambda: W.output_json("x", "out"),
        lambda: W.ensure_thread(1, "t2"),
        W.thread_id,
    ):
        with pytest.raises(W.NoThreadError, match="was called outside of a workflow thread"):
            call()


def test_the_mock_takes_over_outside_of_a_thread(monkeypatch):
    monkeypatch.setenv("KWF_MOCK", "1")
    W.mock.reset()
    W.mock.topic_handlers["out"] = lambda *args: None

    async def main():
        W.output("x", "out")
        W.ensure_thread(1, "t2")
        pending = W.suspend("x")
        assert W.ref_id("x", "mock") is pending
        assert W.cancel(pending)
        return [await charge(3), await ship("pen"), W.thread_id()]

    try:
        assert asyncio.run(main()) == ["3 EUR", "shipped pen", "mock"]
        assert W.mock.trace[0] == ("out", "mock", "x")
    finally:
        W.mock.reset()


def test_cancel_under_plain_asyncio():
    async def main():
        task = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        assert W.cancel(task)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_cancel_of_a_compiled_coroutine():
    from kwf_compiler.hook import compile_code

    module = types.ModuleType("cancel_compiled")
    sys.modules[module.__name__] = module
    source = "import kwf_runtime as W\nasync def f():\n    await W.suspend('x')\n"
    exec(compile_code(source, "cancel_compiled.py"), vars(module))

    async def main():
        fresh, started = module.f(), module.f()
        assert W.cancel(fresh)
        assert not W.cancel(fresh)
        create_task(started)
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="make it a task"):
            W.cancel(started)

    assert Driver(main).start().outcome is Outcome.COMPLETED
    del sys.modules[module.__name__]


def test_dumps_loads_register():
    class Foreign:
        pass

    made = W.register(Foreign, "test_api.Foreign")
    assert made is Foreign
    assert isinstance(W.loads(W.dumps(Foreign())), Foreign)


def test_errors_are_saved_with_what_they_say():
    for error in (
        W.WorkflowError({"a": 1}),
        W.ActivityError("T", "m", 2, "tb"),
        W.UndeclaredTopicError("t", ("a",)),
        W.JsonError("$", "problem"),
        W.NoThreadError("x"),
        W.UnsavableError("$", "file", "close it"),
        W.CodeMissingError("f#1"),
        W.ConfigError("wrong"),
        W.CancelToken("why"),
    ):
        loaded = W.loads(W.dumps(error))
        assert type(loaded) is type(error)
        assert (str(loaded), vars(loaded)) == (str(error), vars(error))


def test_workflow_error_of_what_json_does_not_know():
    assert str(W.WorkflowError({1, 1})) == "{1}"
