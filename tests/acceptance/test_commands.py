"""The command line: usage, records by hand, files and packages, processes that come and go."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from tests.acceptance.conftest import PATIENCE_S, Shell

pytestmark = pytest.mark.slow

ECHO = "async def main(arg):\n    return arg\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["start"],
        ["start", "t|u"],
        ["start", "t", "--input", "{bad"],
        ["resume", "t", "r"],
        ["resume", "t", "r", "--value", "1", "--error", "2"],
        ["send", "x"],
        ["send", "x", "--value", "a", "--null"],
        ["send", "x", "--value", "a", "--header", "none"],
        ["tail", "x", "--count", "0"],
        ["threads", "--status", "asleep"],
        ["run", "no.py"],
        ["run", "flow.py", "--workers", "2"],
        ["run", "text.txt"],
        ["compile", "no.py"],
        ["dlq", "drop"],
        ["threads", "--props", "no.properties"],
        ["threads", "--props", "unknown.properties"],
        ["unknown"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line_and_exit_code_2(shell: Shell, arguments: list[str]) -> None:
    shell.write("flow.py", ECHO)
    shell.write("text.txt", "text")
    shell.write("unknown.properties", "workflow.unmached=buffer\n")
    result = shell(*arguments, exit_code=2)
    assert result.out == ""
    assert re.fullmatch(r"kwf: [^\n]+\n", result.err)


def test_what_tail_prints_send_takes(shell: Shell) -> None:
    shell("send", "x", "--key", "k", "--value", "é", "--header", "a=b", "--header", "a=c=d")
    shell("send", "x", "--key", "k", "--null")
    shell("send", "x", "--value", "")
    printed = shell("tail", "x", "--from-start", "--count", 3, "--json")
    assert set(printed.json_lines[0]) == {
        "topic",
        "partition",
        "offset",
        "timestamp",
        "key",
        "value",
        "headers",
    }
    shell("send", "-", stdin=printed.out.replace('"topic": "x"', '"topic": "y"'))
    copied = shell("tail", "y", "--from-start", "--timeout", 0, "--json").json_lines
    for record, copy in zip(printed.json_lines, copied, strict=True):
        for name in ("key", "value", "headers"):
            assert copy[name] == record[name]
    refused = shell("send", "-", stdin='{"topic":"x"}\n{"topic":\n', exit_code=2)
    assert refused.err.startswith("kwf: stdin:2: ")


def test_several_files_and_several_workflows(shell: Shell) -> None:
    shell.write("one.py", "async def main(arg):\n    return ['one', arg]\n")
    shell.write(
        "two.py",
        "import kwf_runtime as W\n\n@W.workflow()\nasync def alpha(arg):\n    return 'alpha'\n\n"
        "@W.workflow(name='beta-2')\nasync def beta(arg):\n    return 'beta'\n",
    )
    shell("start", "a")
    shell("start", "b", "--workflow", "alpha")
    shell("send", "workflow-resume", "--key", "c", "--value", "new@beta-2:1")
    shell("send", "workflow-resume", "--key", "d", "--value", "new:1", "--header", "workflow=alpha")
    shell("start", "e", "--workflow", "gamma")
    shell("run", "one.py", "two.py", "--until-idle")
    assert shell.results() == {"a": ["one", None], "b": "alpha", "c": "beta", "d": "alpha"}
    (letter,) = shell("dlq", "ls", "--json").json_lines
    assert (letter["key"], letter["reason"]) == ("e", "unknown-workflow")


def test_a_compiled_package_runs_without_the_compiler(shell: Shell) -> None:
    shell.write("trips/__init__.py", "from .flows import main\n")
    shell.write(
        "trips/flows.py",
        "from .deep.ask import ask\n\nasync def main(arg):\n    return await ask('q')\n",
    )
    shell.write("trips/deep/__init__.py", "")
    shell.write(
        "trips/deep/ask.py",
        "import kwf_runtime as W\nfrom ..names import name\n\n"
        "async def ask(ref):\n    return name(await W.suspend(ref))\n",
    )
    shell.write("trips/names.py", "def name(value):\n    return [__name__, value]\n")
    shell("start", "t")
    shell.run("trips")
    shell("compile", "trips", "-o", "dist/trips")
    # Whoever looks for the compiler now, finds that it is missing.
    shell.write("empty/kwf_compiler.py", "raise ModuleNotFoundError(name='kwf_compiler')\n")
    shell.write("empty/libcst.py", "raise ModuleNotFoundError(name='libcst')\n")
    path = f"{shell.folder / 'empty'}:{Path(__file__).parents[2]}"
    shell.environment["PYTHONPATH"] = path
    shell("resume", "t", "q", "--value", "1")
    shell.run("dist/trips")
    assert shell.results() == {"t": ["trips.names", 1]}
    assert "pip install 'kwf[compiler]'" in shell("run", "trips", exit_code=2).err


def test_findings_have_places_and_leave_no_output(shell: Shell) -> None:
    shell.write(
        "bad.py", "async def main(arg):\n    f = lambda: (yield)\n    g = lambda: (yield)\n"
    )
    result = shell("compile", "bad.py", "-o", "out.py", exit_code=1)
    places = re.findall(r"^bad\.py:(\d+:\d+): KWF\d{3} \S.*$", result.err, re.MULTILINE)
    assert places == ["2:9", "3:9"]
    assert not (shell.folder / "out.py").exists()


def test_until_idle_waits_for_work_and_not_for_time(shell: Shell) -> None:
    shell.flow("""
        @W.activity(retry=W.Retry(initial_ms=3_600_000))
        def failing():
            raise OSError("later")

        @W.activity()
        async def working(value):
            await asyncio.sleep(0.3)
            return value

        async def main(arg):
            match arg:
                case "work":
                    return await working(5)
                case "fail":
                    await failing()
                case "sleep":
                    await asyncio.sleep(3600)
    """)
    for thread in ("work", "fail", "sleep"):
        shell("start", thread, "--input", json.dumps(thread))
    shell.run()
    assert shell.results() == {"work": 5}
    assert [thread["thread"] for thread in shell("threads", "--json").json_lines] == [
        "fail",
        "sleep",
    ]


def test_killed_again_and_again_each_result_comes_once(either: Shell) -> None:
    either.flow("""
        @W.activity(retry=W.Retry(initial_ms=1))
        def double(value):
            return 2 * value

        async def main(arg):
            total = 0
            for number in range(4):
                W.output(str(number), OUT)
                await asyncio.sleep(0.01)
                total += await double(number)
            return total
    """)
    threads = [f"t{number}" for number in range(20)]
    either.send("workflow-resume", *((thread, "new:1") for thread in threads))
    for seen in (5, 30, 50):
        engine = either.engine()
        either.read("out", seen)
        engine.kill()
        engine.wait()
    engine = either.engine()
    assert either.results(len(threads)) == dict.fromkeys(threads, 12)
    assert len(set(either.read("out"))) == len(either.read("out")) == 4 * len(threads)
    engine.send_signal(signal.SIGTERM)
    assert engine.wait(PATIENCE_S) == 0
    assert either("threads").out == ""
    assert either("dlq").out == ""
