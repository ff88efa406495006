"""The wire protocol and the life of a thread, as other programs see them."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.conftest import Shell

pytestmark = pytest.mark.slow


def test_suspensions_step_ids_and_timers(either: Shell) -> None:
    either.flow("""
        async def main(arg):
            first, second = W.suspend(), W.suspend("named")
            W.output_json([first.id, first.key], OUT)
            W.output("30", "workflow-scheduler", first.key)
            got = [await first]
            got += [await second, await second]
            again = W.suspend("named")
            W.output("again", OUT)
            return [arg, *got, await again]
    """)
    either("start", "t", "--input", '{"é": 1}')
    answers = [("t", f'{{"ref":"{ref}","value":1}}') for ref in ("named", "named", "unknown")]
    either.send("workflow-resume", *answers, ("nobody", '{"ref":"named"}'))
    never = 't|{"ref":"named","value":"never"}'
    either.send("workflow-scheduler", (never, "200"), (never, "0"))
    either.engine()
    asked, again = either.read("out", 2)
    ref = json.loads(asked[1])[0]
    assert json.loads(asked[1]) == [ref, f't|{{"ref":"{ref}"}}']
    assert ref.endswith(":0")
    assert again == ("t", "again")
    sooner = 't|{"ref":"named","value":"a|b"}'
    either.send("workflow-scheduler", (sooner, "3600000"), (sooner, "10"))
    assert either.results(1) == {"t": [{"é": 1}, None, 1, 1, "a|b"]}
    assert either("dlq", "ls").out == ""
    assert either("threads").out == ""


def test_bad_records_go_to_the_dead_letters_and_good_ones_on(either: Shell) -> None:
    either.flow("async def main(arg):\n    return await W.suspend('a')\n")
    bad = ("new:2", None, "", "{", "[]", '{"ref":1}', '{"ref":"a","value":NaN}')
    events = ("new:1", *bad, '{"ref":"a","value":"fine"}')
    either.send("workflow-resume", *(("t", event) for event in events))
    either.send("workflow-scheduler", ("no bar", "1"), ('t|{"ref":"a"}', "1.5"))
    either.run()
    assert either.results() == {"t": "fine"}
    letters = either("dlq", "ls", "--json").json_lines
    assert sorted((letter["reason"], letter["value"]) for letter in letters) == [
        ("bad-delay", "1.5"),
        ("bad-json", "{"),
        ("bad-json", '{"ref":"a","value":NaN}'),
        ("bad-key", "1"),
        ("bad-value", ""),
        ("bad-value", "[]"),
        ("bad-value", '{"ref":1}'),
        ("no-value", None),
        ("thread-exists", "new:2"),
    ]
    either("dlq", "drop", letters[0]["letter"])
    assert either("dlq", "drop", "--all").out == f"dropped {len(letters) - 1}\n"
    assert either("dlq", "ls").out == ""


def test_cancellation_runs_the_handlers_which_may_wait(either: Shell) -> None:
    either.flow("""
        async def main(arg):
            try:
                await W.suspend("work")
            except W.CancelToken:
                W.output(str(await W.suspend("undo")), OUT)
                raise
            finally:
                W.output("finally", OUT)
    """)
    either("start", "t")
    either("cancel", "t")
    either("resume", "t", "undo", "--value", '"undone"')
    either.run()
    assert either.read("out") == [("t", "undone"), ("t", "finally")]
    assert either.read("workflow-error") == [("t", '"CancelToken"')]


def test_a_thread_whose_code_is_gone_is_parked_until_it_is_back(either: Shell) -> None:
    code = "async def main(arg):\n    return [await W.suspend('one'), await W.suspend('two')]\n"
    either.flow(code)
    either("start", "t")
    either.run()
    either.flow("async def main(arg):\n    return await W.suspend('three')\n")
    either("resume", "t", "one", "--value", "1")
    either("resume", "t", "two", "--value", "2")
    either("start", "other")
    either("resume", "other", "three", "--value", "3")
    either.run()
    (parked,) = either("threads", "--status", "parked", "--json").json_lines
    assert (parked["thread"], parked["kept"]) == ("t", 2)
    assert parked["reason"].startswith("code-missing: ")
    assert either.results() == {"other": 3}
    either.flow(code)
    either.run()
    assert either.results() == {"t": [1, 2], "other": 3}


def test_channels_keep_what_comes_early(shell: Shell) -> None:
    shell.flow("""
        async def main(arg):
            await W.suspend("gate")
            got = []
            async for item in W.channel("early"):
                got.append(item)
                if len(got) == 2:
                    break
            try:
                await W.channel("early").get()
            except W.WorkflowError as error:
                return [*got, error.value]
    """)
    shell("start", "t")
    shell.send("workflow-resume", *(("t", f'{{"ref":"early","value":{n}}}') for n in (1, 2)))
    shell("resume", "t", "early", "--error", '"bad"')
    shell("resume", "t", "gate", "--value", "0")
    shell.run()
    assert shell.results() == {"t": [1, 2, "bad"]}


def test_results_and_errors_to_the_byte(shell: Shell) -> None:
    shell.flow("""
        import dataclasses, datetime, decimal

        @dataclasses.dataclass
        class Point:
            x: int
            y: object

        async def main(arg):
            match arg:
                case "data":
                    return Point(1, (decimal.Decimal("1.50"), datetime.date(2026, 1, 2)))
                case "nan":
                    return {"x": [float("nan")]}
                case "raise":
                    raise ValueError('no "é"')
                case "reject":
                    await W.suspend("r")
                case "topic":
                    W.output("x", "undeclared")
    """)
    for thread in ("data", "nan", "raise", "reject", "topic"):
        shell("start", thread, "--input", json.dumps(thread))
    shell("resume", "reject", "r", "--error", '{"code": 5}')
    shell.run()
    assert shell.read("workflow-result") == [("data", '{"x":1,"y":["1.50","2026-01-02"]}')]
    errors = dict(shell.read("workflow-error"))
    assert errors["raise"] == '"ValueError: no \\"é\\""'
    assert errors["reject"] == json.dumps('WorkflowError: {"code":5}')
    assert "$.x[0]" in errors["nan"]
    assert "topic 'undeclared' is not declared" in errors["topic"]
