"""What every runner promises; `test_contract.py` runs it on each of them.

A test sends records, runs the engine until it is idle, and reads what is committed. `harness.crash()`
drops the engine between any two of those: the next one must go on as if nothing had happened.
"""

from __future__ import annotations

import json

import pytest

from kwf_runtime import wire
from kwf_runtime.runners.stepper import Limits
from tests.runners.harness import Harness

ECHO = """
    W.config.output_topics.add("out")

    async def main(argument):
        W.output(f"started {argument}", "out")
        first = await W.suspend("first")
        W.output(f"first {first}", "out")
        second = await W.suspend("second")
        return [argument, first, second]
"""


class TestThreads:
    def test_from_start_to_result(self, harness: Harness) -> None:
        harness.load(ECHO)
        harness.start("t", {"a": 1})
        harness.run()
        assert harness.living() == ["t"]
        harness.resume("t", "first", [1, None])
        harness.run()
        harness.resume("t", "second", "é")
        harness.run()
        assert harness.results() == [("t", [{"a": 1}, [1, None], "é"])]
        assert harness.errors() == []
        assert harness.living() == []
        texts = [record.value for record in harness.read_all("out")]
        assert texts == [b"started {'a': 1}", b"first [1, None]"]

    def test_all_in_one_batch(self, harness: Harness) -> None:
        harness.load(ECHO)
        harness.start("t", 1)
        harness.resume("t", "first", 2)
        harness.resume("t", "second", 3)
        harness.run()
        assert harness.results() == [("t", [1, 2, 3])]

    def test_a_new_engine_after_every_event(self, harness: Harness) -> None:
        harness.load(ECHO)
        harness.start("t", 1)
        harness.run()
        harness.crash()
        harness.resume("t", "first", 2)
        harness.crash()
        harness.run()
        harness.crash()
        harness.resume("t", "second", 3)
        harness.run()
        harness.crash()
        harness.run()
        assert harness.results() == [("t", [1, 2, 3])]
        assert len(harness.read_all("out")) == 2

    def test_many_threads_do_not_mix(self, harness: Harness) -> None:
        harness.load(ECHO)
        names = [f"t{number}" for number in range(50)]
        for name in names:
            harness.start(name, name)
        for name in reversed(names):
            harness.resume(name, "first", f"1 {name}")
        harness.run()
        for name in names:
            harness.resume(name, "second", f"2 {name}")
        harness.run()
        assert sorted(harness.results()) == sorted(
            (name, [name, f"1 {name}", f"2 {name}"]) for name in names
        )

    def test_generated_ids_are_made_of_the_offset(self, harness: Harness) -> None:
        harness.load(
            """
            W.config.output_topics.add("out")

            async def main(argument):
                one, two = W.suspend(), W.suspend()
                W.output_json([one.id, two.id], "out")
                return [await one, await two]
            """
        )
        harness.start("other")
        harness.start("t")
        harness.run()
        new = [r for r in harness.read_all("workflow-resume") if r.key == b"t"][0]
        ids = dict(harness.values("out"))["t"]
        assert ids == [f"{new.offset}:0", f"{new.offset}:1"]
        for ref in ids:
            harness.resume("t", ref, ref)
        harness.run()
        assert harness.results() == [("t", ids)]

    def test_an_error_is_raised_at_the_await(self, harness: Harness) -> None:
        harness.load(
            """
            async def main(argument):
                try:
                    await W.suspend("a")
                except W.WorkflowError as error:
                    return error.value
            """
        )
        harness.start("t")
        harness.run()
        harness.reject("t", "a", {"code": 5})
        harness.run()
        assert harness.results() == [("t", {"code": 5})]

    def test_an_exception_of_main_is_an_error_record(self, harness: Harness) -> None:
        harness.load(
            """
            W.config.output_topics.add("out")

            async def main(argument):
                W.output("before", "out")
                await W.suspend("a")
                W.output("after", "out")
                raise ValueError("no " + argument)
            """
        )
        harness.start("t", "luck")
        harness.resume("t", "a")
        harness.run()
        assert harness.errors() == [("t", "ValueError: no luck")]
        [record] = harness.read_all("workflow-error")
        assert b"flow.py" in (record.header(wire.TRACEBACK_HEADER) or b"")
        assert [r.value for r in harness.read_all("out")] == [b"before", b"after"]
        assert harness.living() == []

    def test_result_and_error_topics_of_the_module(self, harness: Harness) -> None:
        harness.load(
            """
            manifest = {"result_topic": "my-results", "error_topic": "my-errors"}

            async def main(argument):
                if argument:
                    raise KeyError(argument)
            """
        )
        harness.start("good")
        harness.start("bad", "x")
        harness.run()
        assert harness.values("my-results") == [("good", None)]
        assert harness.values("my-errors") == [("bad", "KeyError: 'x'")]
        assert harness.results() == harness.errors() == []

    def test_a_workflow_is_chosen_by_name_or_header(self, harness: Harness) -> None:
        harness.load(
            """
            @W.workflow(name="one")
            async def first(argument):
                return ["one", argument]

            @W.workflow(name="two")
            async def second(argument):
                return ["two", argument]
            """
        )
        harness.send("a", "new:1")
        harness.send("b", "new@two:2")
        harness.send("c", "new:3", ((wire.WORKFLOW_HEADER, b"two"),))
        harness.send("d", "new@three:4")
        harness.run()
        assert sorted(harness.results()) == [
            ("a", ["one", 1]),
            ("b", ["two", 2]),
            ("c", ["two", 3]),
        ]
        assert harness.reasons() == ["unknown-workflow"]

    def test_a_thread_starts_another_one_once(self, harness: Harness) -> None:
        harness.load(
            """
            async def main(argument):
                if argument == "child":
                    return await W.suspend("end")
                W.ensure_thread("child", "c")
                W.ensure_thread("child", "c")
            """
        )
        harness.start("p")
        harness.run()
        assert harness.living() == ["c"]
        assert harness.dead_letters() == []

    def test_cancel_runs_finally(self, harness: Harness) -> None:
        harness.load(
            """
            async def main(argument):
                try:
                    await W.suspend("a")
                except W.CancelToken:
                    await W.suspend("undo")
                    raise
            """
        )
        harness.start("t")
        harness.run()
        harness.command("t", wire.CANCEL_COMMAND)
        harness.run()
        assert harness.living() == ["t"]
        harness.resume("t", "undo")
        harness.run()
        assert harness.errors() == [("t", "CancelToken")]


class TestTimers:
    def test_a_scheduled_record_comes_when_it_is_due(self, harness: Harness) -> None:
        harness.load(ECHO)
        harness.start("t", 1)
        harness.schedule('t|{"ref":"first","value":"a|b"}', "500")
        harness.run()
        assert len(harness.read_all("out")) == 1
        harness.crash()
        harness.advance(600)
        harness.run()
        assert [r.value for r in harness.read_all("out")] == [b"started 1", b"first a|b"]

    @pytest.mark.parametrize("cancel", ["0", None])
    def test_a_cancelled_timer_never_fires(self, harness: Harness, cancel: str | None) -> None:
        harness.load(ECHO)
        harness.start("t", 1)
        harness.schedule('t|{"ref":"first"}', "500")
        harness.run()
        harness.schedule('t|{"ref":"first"}', cancel)
        harness.advance(600)
        harness.run()
        assert len(harness.read_all("out")) == 1

    def test_a_later_record_moves_the_timer(self, harness: Harness) -> None:
        harness.load(ECHO)
        harness.start("t", 1)
        harness.schedule('t|{"ref":"first"}', "500")
        harness.run()
        harness.schedule('t|{"ref":"first"}', "100000")
        harness.run()
        harness.advance(600)
        harness.run()
        assert len(harness.read_all("out")) == 1
        harness.schedule('t|{"ref":"first"}', "1")
        harness.advance(10)
        harness.run()
        assert len(harness.read_all("out")) == 2

    def test_overdue_timers_fire_in_due_order(self, harness: Harness) -> None:
        harness.load(
            """
            async def main(argument):
                got, inbox = [], W.channel("c")
                while len(got) < 4:
                    got.append(await inbox.get())
                return got
            """
        )
        harness.start("t")
        harness.run()
        for value, delay in ((3, "300"), (1, "100"), (4, "400"), (2, "200")):
            harness.schedule(f't|{{"ref":"c","value":{value}}}', delay)
        harness.crash()
        harness.advance(1000)
        harness.run()
        assert harness.results() == [("t", [1, 2, 3, 4])]

    def test_a_workflow_schedules_for_itself(self, harness: Harness) -> None:
        harness.load(
            """
            async def main(argument):
                timer = W.suspend("timer")
                W.output("500", "workflow-scheduler", timer.key)
                await timer
                return "woken"
            """
        )
        harness.start("t")
        harness.run()
        assert harness.results() == []
        harness.advance(600)
        harness.run()
        assert harness.results() == [("t", "woken")]

    def test_sleep(self, harness: Harness) -> None:
        harness.load(
            """
            import asyncio

            async def nap(seconds, name, log):
                await asyncio.sleep(seconds)
                log.append(name)

            async def main(argument):
                log = []
                await asyncio.gather(nap(0.6, "b", log), nap(0.3, "a", log), nap(0, "0", log))
                return log
            """
        )
        harness.start("t")
        harness.run()
        assert harness.results() == []
        harness.crash()
        harness.advance(400)
        harness.run()
        harness.crash()
        assert harness.results() == []
        harness.advance(400)
        harness.run()
        assert harness.results() == [("t", ["0", "a", "b"])]

    def test_a_timeout_that_was_not_needed_does_not_fire(self, harness: Harness) -> None:
        harness.load(
            """
            import asyncio

            async def main(argument):
                async with asyncio.timeout(0.5):
                    await W.suspend("a")
                await W.suspend("b")
                return "in time"
            """
        )
        harness.start("t")
        harness.run()
        harness.resume("t", "a")
        harness.run()
        harness.advance(1000)
        harness.run()
        harness.resume("t", "b")
        harness.run()
        assert harness.results() == [("t", "in time")]


class TestEventsThatNobodyWantsNow:
    def test_duplicate_late_and_unknown_events_change_nothing(self, harness: Harness) -> None:
        harness.load(ECHO)
        harness.resume("nobody", "first")
        harness.start("t", 1)
        harness.resume("t", "other")
        harness.resume("t", "first", 2)
        harness.resume("t", "first", "again")
        harness.run()
        harness.resume("t", "first", "late")
        harness.resume("t", "second", 3)
        harness.resume("t", "second", "after the end")
        harness.run()
        harness.command("t", wire.CANCEL_COMMAND)
        harness.command("t", wire.RETRY_COMMAND)
        harness.run()
        assert harness.results() == [("t", [1, 2, 3])]
        assert harness.dead_letters() == []
        assert harness.living() == []

    def test_they_may_be_dead_letters(self, harness: Harness) -> None:
        harness.configure(unmatched="dead-letter")
        harness.load(ECHO)
        harness.resume("nobody", "first")
        harness.start("t", 1)
        harness.resume("t", "other")
        harness.run()
        assert harness.reasons() == ["unknown-thread", "unknown-ref"]
        assert [record.key for record in harness.dead_letters()] == [b"nobody", b"t"]

    def test_they_may_be_kept_until_somebody_wants_them(self, harness: Harness) -> None:
        harness.configure(unmatched="buffer")
        harness.load(ECHO)
        harness.resume("t", "second", 3)
        harness.run()
        harness.crash()
        harness.resume("t", "first", 2)
        harness.run()
        assert harness.living() == ["t"]
        harness.crash()
        harness.start("t", 1)
        harness.run()
        assert harness.results() == [("t", [1, 2, 3])]

    def test_an_early_event_of_a_living_thread_is_kept(self, harness: Harness) -> None:
        harness.configure(unmatched="buffer")
        harness.load(ECHO)
        harness.start("t", 1)
        harness.resume("t", "second", 3)
        harness.run()
        harness.crash()
        harness.resume("t", "first", 2)
        harness.run()
        assert harness.results() == [("t", [1, 2, 3])]

    def test_what_is_kept_is_bounded(self, harness: Harness) -> None:
        harness.configure(unmatched="buffer")
        harness.limits = Limits(kept_events=2)
        harness.load(ECHO)
        for value in range(3):
            harness.resume("t", "second", value)
        harness.run()
        assert harness.reasons() == ["buffered-full"]


class TestNewForALivingThread:
    def test_it_is_rejected(self, harness: Harness) -> None:
        harness.load(ECHO)
        harness.start("t", 1)
        harness.start("t", 2)
        harness.run()
        harness.start("t", 3)
        harness.run()
        harness.resume("t", "first")
        harness.resume("t", "second")
        harness.run()
        assert harness.results() == [("t", [1, None, None])]
        assert harness.reasons() == ["thread-exists"] * 2

    def test_it_may_be_ignored(self, harness: Harness) -> None:
        harness.configure(new_existing="ignore")
        harness.load(ECHO)
        harness.start("t", 1)
        harness.start("t", 2)
        harness.resume("t", "first")
        harness.resume("t", "second")
        harness.run()
        assert harness.results() == [("t", [1, None, None])]
        assert harness.dead_letters() == []

    def test_it_may_replace(self, harness: Harness) -> None:
        harness.configure(new_existing="replace")
        harness.load(ECHO)
        harness.start("t", 1)
        harness.resume("t", "first")
        harness.run()
        harness.start("t", 2)
        harness.resume("t", "second", "not awaited yet")
        harness.resume("t", "first", "x")
        harness.resume("t", "second", "y")
        harness.run()
        assert harness.results() == [("t", [2, "x", "y"])]

    def test_an_id_may_be_used_again_after_the_end(self, harness: Harness) -> None:
        harness.load(ECHO)
        for value in (1, 2):
            harness.start("t", value)
            harness.resume("t", "first")
            harness.resume("t", "second")
            harness.run()
        assert harness.results() == [("t", [1, None, None]), ("t", [2, None, None])]


BAD_RECORDS: list[tuple[bytes | None, bytes | None]] = [
    (None, b"new:1"),
    (b"", b"new:1"),
    (b"\xff\xfe", b"new:1"),
    (b"a|b", b"new:1"),
    (b"k" * 5000, b"new:1"),
    (b"bad", None),
    (b"bad", b""),
    (b"bad", b"\xff"),
    (b"bad", b'\xef\xbb\xbf{"ref":"first"}'),
    (b"bad", b"new:"),
    (b"bad", b"new:{bad json"),
    (b"bad", b"NEW:{}"),
    (b"bad", b'{"ref":"first"'),
    (b"bad", b"[]"),
    (b"bad", b"1"),
    (b"bad", b"null"),
    (b"bad", b"{}"),
    (b"bad", b'{"ref":null}'),
    (b"bad", b'{"ref":0}'),
    (b"bad", b'{"ref":"first","ref":"first"}'),
    (b"bad", b'{"ref":"first","value":NaN}'),
    (b"bad", b'{"ref":"first","value":1e400}'),
    (b"bad", b'{"ref":"first","value":' + b"9" * 5000 + b"}"),
    (b"bad", b"[" * 100_000),
    (b"bad", b'{"ref":"first","value":"\\ud800"}'),
    (b"bad", b"\x80\x04K\x01."),
    (b"bad", b"new@nobody:1"),
]
BAD_TIMERS: list[tuple[bytes | None, bytes | None]] = [
    (None, b"1"),
    (b"t", b"1"),
    (b"t|", b"1"),
    (b"t|x", b"1"),
    *[
        (b't|{"ref":"first"}', delay)
        for delay in (b"", b"abc", b"-5", b"1.5", b"1e3", "٣".encode(), b"9223372036854775808")
    ],
]


class TestBadInputs:
    def test_bad_records_between_good_ones(self, harness: Harness) -> None:
        harness.load(ECHO)
        for number, (key, value) in enumerate(BAD_RECORDS):
            harness.start(f"t{number}", number)
            harness.send(key, value)
            harness.resume(f"t{number}", "first", 1)
        harness.run()
        for number in range(len(BAD_RECORDS)):
            harness.resume(f"t{number}", "second", 2)
        harness.run()
        expected = sorted((f"t{n}", [n, 1, 2]) for n in range(len(BAD_RECORDS)))
        assert sorted(harness.results()) == expected
        letters = harness.dead_letters()
        assert sorted((r.key or b"", r.value or b"") for r in letters) == sorted(
            (key or b"", value or b"") for key, value in BAD_RECORDS
        )
        assert harness.living() == []

    def test_a_dead_letter_is_the_record_with_its_place_and_reason(self, harness: Harness) -> None:
        harness.load(ECHO)
        harness.send("t", "new:{", (("mine", b"kept"), ("empty", None)))
        harness.run()
        [source] = harness.read_all("workflow-resume")
        [letter] = harness.dead_letters()
        assert (letter.key, letter.value) == (b"t", b"new:{")
        assert letter.headers[:2] == (("mine", b"kept"), ("empty", None))
        assert letter.header("__kwf.errors.reason") == b"bad-json"
        assert letter.header("__kwf.errors.topic") == source.topic.encode()
        assert letter.header("__kwf.errors.partition") == str(source.partition).encode()
        assert letter.header("__kwf.errors.offset") == str(source.offset).encode()
        assert letter.header("__kwf.errors.exception.class.name") == b"kwf_runtime.errors.WireError"
        assert b"not JSON" in (letter.header("__kwf.errors.exception.message") or b"")

    def test_bad_timers_between_good_ones(self, harness: Harness) -> None:
        harness.load(ECHO)
        harness.start("t", 1)
        harness.run()
        for key, value in BAD_TIMERS:
            harness.send(key, value, topic="workflow-scheduler")
        harness.schedule('t|{"ref":"first"}', "1")
        harness.advance(100)
        harness.run()
        assert len(harness.read_all("out")) == 2
        assert len(harness.dead_letters()) == len(BAD_TIMERS)

    def test_a_timer_for_nobody(self, harness: Harness) -> None:
        harness.load(ECHO)
        harness.schedule('nobody|{"ref":"first"}', "1")
        harness.advance(100)
        harness.run()
        assert harness.dead_letters() == []

    def test_an_unknown_command(self, harness: Harness) -> None:
        harness.load(ECHO)
        harness.start("t")
        harness.command("t", b"explode")
        harness.run()
        assert harness.reasons() == ["bad-command"]
        assert harness.living() == ["t"]

    def test_odd_thread_ids_are_ids(self, harness: Harness) -> None:
        harness.load(ECHO)
        names = ["a\nb", "a\0b", "поток", "a" * 1000, "'; DROP TABLE thread; --"]
        for name in names:
            harness.start(name, 1)
        harness.run()
        harness.crash()
        for name in names:
            harness.resume(name, "first", 2)
            harness.resume(name, "second", 3)
        harness.run()
        assert sorted(harness.results()) == sorted((name, [1, 2, 3]) for name in names)

    def test_values_that_look_like_code_are_data(self, harness: Harness) -> None:
        harness.load(ECHO)
        value = {"py/object": "os.system", "__class__": "x", "lc": 2, "id": ["os", "system"]}
        harness.start("t", value)
        harness.run()
        harness.crash()
        harness.resume("t", "first", value)
        harness.resume("t", "second")
        harness.run()
        assert harness.results() == [("t", [value, value, None])]


HOLDS = """
    import threading

    async def main(argument):
        await W.suspend("a")
        what = threading.Lock() if argument == "bad" else argument
        await W.suspend("b")
        return str(what)[:3]
"""
HOLDS_REPAIRED = HOLDS.replace("threading.Lock() if", "'loc' if")


class TestParking:
    def test_what_cannot_be_saved_parks_its_thread_alone(self, harness: Harness) -> None:
        harness.load(HOLDS)
        harness.start("bad", "bad")
        harness.start("good", "good")
        harness.run()
        for name in ("bad", "good"):
            harness.resume(name, "a")
        harness.run()
        harness.resume("bad", "b")
        harness.resume("good", "b")
        harness.run()
        assert harness.results() == [("good", "goo")]
        thread = harness.thread("bad")
        assert thread is not None
        assert thread.status == "parked"
        assert thread.reason is not None
        assert thread.reason.startswith("unsavable: ")
        assert "what" in thread.reason
        refs = [json.loads(record.value or b"")["ref"] for record in thread.kept]
        assert refs == ["a", "b"]

    def test_a_retry_goes_on_where_the_reason_is_gone(self, harness: Harness) -> None:
        harness.load(HOLDS)
        harness.start("bad", "bad")
        harness.run()
        harness.resume("bad", "a")
        harness.run()
        harness.resume("bad", "b")
        harness.run()
        harness.command("bad", wire.RETRY_COMMAND)
        harness.run()
        thread = harness.thread("bad")
        assert thread is not None
        assert thread.status == "parked"
        assert len(thread.kept) == 2
        harness.load(HOLDS_REPAIRED)
        harness.command("bad", wire.RETRY_COMMAND)
        harness.run()
        assert harness.results() == [("bad", "loc")]
        assert harness.living() == []

    def test_a_thread_that_never_got_to_rest_is_parked_with_its_start(
        self, harness: Harness
    ) -> None:
        source = """
            import threading

            async def main(argument):
                lock = threading.Lock()
                await W.suspend("a")
                return str(lock)
            """
        harness.load(source)
        harness.start("t", 1)
        harness.run()
        thread = harness.thread("t")
        assert thread is not None
        assert (thread.status, thread.workflow, thread.state) == ("parked", "flow", None)
        harness.start("t", 2)
        harness.resume("t", "a")
        harness.run()
        assert harness.reasons() == ["thread-exists"]
        harness.load(source.replace("threading.Lock()", "'held'"))
        harness.command("t", wire.RETRY_COMMAND)
        harness.run()
        assert harness.results() == [("t", "held")]

    @pytest.mark.parametrize(
        "retries", [True, False], ids=["by a retry", "by an engine that has it"]
    )
    def test_missing_code_parks_and_the_thread_goes_on(
        self, harness: Harness, retries: bool
    ) -> None:
        harness.load(ECHO)
        harness.start("t", 1)
        harness.run()
        harness.load("async def main(argument):\n    return 'other'\n", name="other")
        harness.forget_module("flow")
        harness.resume("t", "first", 2)
        harness.start("u")
        harness.run()
        thread = harness.thread("t")
        assert thread is not None
        assert thread.status == "parked"
        assert (thread.reason or "").startswith("code-missing: ")
        assert harness.results() == [("u", "other")]
        harness.load(ECHO)
        harness.resume("t", "second", 3)
        if retries:
            harness.command("t", wire.RETRY_COMMAND)
        harness.run()
        assert harness.results() == [("u", "other"), ("t", [1, 2, 3])]

    def test_outputs_of_a_step_that_was_not_saved_do_not_exist(self, harness: Harness) -> None:
        harness.load(
            """
            import threading
            W.config.output_topics.add("out")

            async def main(argument):
                W.output("1", "out")
                await W.suspend("a")
                W.output("2", "out")
                lock = threading.Lock()
                await W.suspend("b")
                return str(lock)
            """
        )
        harness.start("t")
        harness.run()
        harness.resume("t", "a")
        harness.start("u")
        harness.run()
        values = [(record.key, record.value) for record in harness.read_all("out")]
        assert values == [(b"t", b"1"), (b"u", b"1")]

    def test_a_state_over_the_limit_parks(self, harness: Harness) -> None:
        harness.limits = Limits(state_bytes=20_000)
        harness.load(
            """
            async def main(argument):
                held = "x" * await W.suspend("a")
                await W.suspend("b")
                return len(held)
            """
        )
        for name, size in (("small", 10), ("big", 20_000)):
            harness.start(name)
            harness.resume(name, "a", size)
        harness.run()
        for name in ("small", "big"):
            harness.resume(name, "b")
        harness.run()
        assert harness.results() == [("small", 10)]
        thread = harness.thread("big")
        assert thread is not None
        assert (thread.reason or "").startswith("too-large: ")

    def test_what_ends_a_process_ends_the_thread_at_most(self, harness: Harness) -> None:
        harness.load(
            """
            import sys

            def deep(n):
                return deep(n + 1)

            async def main(argument):
                if argument == "exit":
                    sys.exit(3)
                if argument == "system":
                    raise SystemExit("x")
                if argument == "deep":
                    deep(0)
                if argument == "memory":
                    raise MemoryError
                return argument
            """
        )
        bad = ["exit", "system", "deep", "memory"]
        for name in [*bad, "fine"]:
            harness.start(name, name)
        harness.run()
        assert harness.results() == [("fine", "fine")]
        ended = {name for name, _ in harness.errors()} | set(harness.living())
        assert ended == set(bad)


ACTIVITIES = """
    import json
    from pathlib import Path

    def note(file, text):
        with Path(file).open("a") as out:
            out.write(text + "\\n")

    @W.activity(retry=W.Retry(initial_ms=200, factor=1.0, max_attempts=3))
    def flaky(file, failures):
        note(file, "attempt")
        if len(Path(file).read_text().split()) <= failures:
            raise ConnectionError("not yet")
        return {"ok": True}

    @W.activity(retry=W.Retry(non_retryable=(KeyError,)))
    async def refuses(file):
        note(file, "attempt")
        raise KeyError("never")

    @W.activity
    async def doubles(value):
        value.append(1)
        return value + value

    @W.activity
    def unsavable():
        import threading
        return threading.Lock()
"""


class TestActivities:
    def test_a_result_comes_once(self, harness: Harness) -> None:
        harness.load(
            ACTIVITIES
            + """
    async def main(argument):
        mine = [argument]
        return [await doubles(mine), mine]
"""
        )
        harness.start("t", 5)
        harness.run()
        harness.crash()
        harness.run()
        assert harness.results() == [("t", [[5, 1, 5, 1], [5]])]

    def test_failures_are_retried_after_a_pause(self, harness: Harness) -> None:
        file = harness.folder / "attempts"
        harness.load(
            ACTIVITIES
            + """
    async def main(argument):
        return await flaky(argument, 2)
"""
        )
        harness.start("t", str(file))
        harness.run()
        assert file.read_text().split() == ["attempt"]
        harness.advance(250)
        harness.run()
        harness.advance(250)
        harness.run()
        assert harness.results() == [("t", {"ok": True})]
        assert len(file.read_text().split()) == 3

    def test_the_last_failure_is_raised(self, harness: Harness) -> None:
        harness.load(
            ACTIVITIES
            + """
    async def main(argument):
        try:
            await refuses(argument)
        except W.ActivityError as error:
            return [error.type, error.attempts, "refuses" in error.traceback]
"""
        )
        harness.start("t", str(harness.folder / "attempts"))
        harness.run()
        assert harness.results() == [("t", ["KeyError", 1, True])]

    def test_a_result_that_cannot_be_saved_is_a_failure(self, harness: Harness) -> None:
        harness.load(
            ACTIVITIES
            + """
    async def main(argument):
        try:
            await unsavable()
        except W.ActivityError as error:
            return error.type
"""
        )
        harness.start("t")
        harness.run()
        assert harness.results() == [("t", "UnsavableError")]

    def test_a_call_runs_again_after_a_restart(self, harness: Harness) -> None:
        file = harness.folder / "attempts"
        harness.load(
            ACTIVITIES
            + """
    async def main(argument):
        return await flaky(argument, 1)
"""
        )
        harness.start("t", str(file))
        harness.run()
        harness.crash()
        harness.run()
        assert harness.results() == [("t", {"ok": True})]

    def test_a_cancelled_call_never_delivers(self, harness: Harness) -> None:
        file = harness.folder / "attempts"
        harness.load(
            ACTIVITIES
            + """
    async def main(argument):
        import asyncio
        call = asyncio.create_task(flaky(argument, 1))
        await W.suspend("a")
        call.cancel()
        await W.suspend("b")
        return call.cancelled()
"""
        )
        harness.start("t", str(file))
        harness.run()
        harness.resume("t", "a")
        harness.run()
        thread = harness.thread("t")
        assert thread is not None
        assert thread.calls == ()
        harness.advance(1000)
        harness.run()
        harness.resume("t", "b")
        harness.run()
        assert harness.results() == [("t", True)]
        assert file.read_text().split() == ["attempt"]

    def test_the_end_of_a_thread_ends_its_calls(self, harness: Harness) -> None:
        file = harness.folder / "attempts"
        harness.load(
            ACTIVITIES
            + """
    async def main(argument):
        import asyncio
        call = asyncio.create_task(flaky(argument, 5))
        await asyncio.sleep(0)
        await W.suspend("a")
        return "done"
"""
        )
        harness.start("t", str(file))
        harness.run()
        harness.resume("t", "a")
        harness.run()
        harness.advance(1000)
        harness.run()
        assert harness.results() == [("t", "done")]
        assert file.read_text().split() == ["attempt"]


class TestClients:
    def test_a_tail_from_the_start_and_from_the_end(self, harness: Harness) -> None:
        harness.send("k", "1", topic="news")
        old = harness.client.tail("news", from_start=True, count=2, timeout_s=None)
        new = harness.client.tail("news", from_start=False, count=1, timeout_s=None)
        harness.send("k", None, (("h", b"\0"),), topic="news")
        records = list(old)
        assert [(r.key, r.value) for r in records] == [(b"k", b"1"), (b"k", None)]
        assert records[1].headers == (("h", b"\0"),)
        assert list(new) == records[1:]

    def test_a_tail_ends_when_nothing_comes(self, harness: Harness) -> None:
        harness.send("k", "1", topic="news")
        tail = harness.client.tail("news", from_start=True, count=5, timeout_s=0.05)
        assert len(list(tail)) == 1

    def test_topics(self, harness: Harness) -> None:
        harness.load(ECHO)
        harness.start("t")
        harness.run()
        ends = {info.name: info.end for info in harness.client.topics() if info.end}
        # Kafka's offsets count the markers of transactions, too.
        assert ends["out"] in (1, 2)
        assert ends["workflow-resume"] == 1

    def test_timers_of_a_thread(self, harness: Harness) -> None:
        harness.load(ECHO)
        later, sooner = b't|{"ref":"later"}', b't|{"ref":"sooner"}'
        for key, delay in ((later, "9000"), (sooner, "8000"), (b't2|{"ref":"a"}', "7000")):
            harness.schedule(key.decode(), delay)
        harness.run()
        timers = harness.client.timers("t")
        assert [key for _, key in timers] == [sooner, later]
        due_ms = [due for due, _ in timers]
        assert due_ms == sorted(due_ms)
        assert harness.client.timers("nobody") == []

    def test_layouts_are_stored(self, harness: Harness) -> None:
        harness.load(ECHO)
        harness.start("t")
        harness.run()
        assert any("main" in code_id for code_id in harness.client.layouts())

    def test_what_is_shown_of_a_thread(self, harness: Harness) -> None:
        harness.load(ECHO)
        harness.start("t", 1)
        harness.run()
        thread = harness.thread("t")
        assert thread is not None
        assert (thread.workflow, thread.status, thread.reason) == ("flow", "waiting", None)
        assert harness.thread("nobody") is None
