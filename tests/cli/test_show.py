"""`kwf show` and `kwf threads`: where threads wait, read without their code."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwf_runtime.cli.thread_view import view_thread
from kwf_runtime.runners.envelope import ThreadRecord
from kwf_runtime.serial import dumps
from tests.cli.conftest import Kwf

FLOW = """\
import asyncio
import kwf_runtime as W

manifest = {"output_topics": ["questions"]}


async def ask(name, amount):
    secret = "x" * amount
    answer = await W.suspend(name)
    return secret, answer


async def main(arg):
    orders = W.channel("orders")
    helper = asyncio.create_task(ask("first", 3), name="helper")
    later = asyncio.create_task(orders.get(), name="later")
    async with asyncio.timeout(3600):
        answer = await ask("second", 5)
    return answer, await helper, await later
"""


@pytest.fixture
def waiting(kwf: Kwf) -> Kwf:
    """A thread `t1` of flow.py that waits for several things."""
    Path("flow.py").write_text(FLOW)
    kwf("start", "t1", "--input", '{"a": 1}')
    kwf("run", "flow.py", "--until-idle")
    return kwf


def line_of(text: str) -> int:
    (number,) = [n for n, line in enumerate(FLOW.splitlines(), 1) if text in line]
    return number


def test_show_for_people(waiting: Kwf) -> None:
    out = waiting("show", "t1").out
    flow = "flow.py"
    for expected in (
        "thread t1, workflow flow, waiting\n",
        (
            "task Task-1 waits for ref second\n"
            f"  {flow}:{line_of('await ask')} in main\n"
            '    answer = await ask("second", 5)\n'
        ),
        (
            f"  {flow}:{line_of('await W.suspend')} in ask\n"
            "    answer = await W.suspend(name)\n"
            "      secret = 'xxxxx'\n"
        ),
        "task helper waits for ref first\n",
        "      secret = 'xxx'\n",
        "      helper = <task helper>\n",
        "task later waits for channel orders\n",
        "ref first\n",
        "ref second\n",
        "channel orders, 0 queued\n",
        "timer ",
    ):
        assert expected in out
    assert "_exit" not in out, "what the compiler has added is not shown"


def test_show_for_programs(waiting: Kwf) -> None:
    (shown,) = waiting("show", "t1", "--json").json_lines
    assert (shown["thread"], shown["workflow"], shown["status"]) == ("t1", "flow", "waiting")
    assert shown["reason"] is None
    assert shown["kept"] == []
    tasks = shown["tasks"]
    assert isinstance(tasks, list)
    assert [(task["name"], task["waits"]) for task in tasks] == [
        ("Task-1", "ref second"),
        ("helper", "ref first"),
        ("later", "channel orders"),
    ]
    (inner,) = tasks[1]["frames"]
    assert inner == {
        "file": str(Path("flow.py").resolve()),
        "line": line_of("await W.suspend"),
        "function": "ask",
        "source": "answer = await W.suspend(name)",
        "locals": {"secret": "'xxx'"},
        "own": False,
    }
    assert shown["refs"] == [{"id": "second", "awaited": True}, {"id": "first", "awaited": True}]
    assert shown["channels"] == [{"name": "orders", "queued": 0}]
    (timer,) = shown["timers"]  # type: ignore[misc]
    assert timer["due"] == shown["due"]


def test_what_of_asyncio_a_task_waits_for_and_its_timers(kwf: Kwf) -> None:
    Path("flow.py").write_text(
        "import asyncio\nimport kwf_runtime as W\n\n\nasync def main(arg):\n"
        "    event = asyncio.Event()\n"
        "    task = asyncio.create_task(event.wait(), name='listener')\n"
        "    await asyncio.sleep(3600)\n"
    )
    kwf("start", "t1")
    kwf("send", "workflow-scheduler", "--key", 't1|{"ref":"a"}', "--value", "60000")
    kwf("send", "workflow-scheduler", "--key", 't2|{"ref":"b"}', "--value", "60000")
    kwf("run", "flow.py", "--until-idle")
    out = kwf("show", "t1").out
    assert "task Task-1 waits for asyncio.sleep\n" in out
    assert "task listener waits for asyncio.Event.wait\n" in out
    assert " asyncio.sleep\n" in out.partition("\ntimer ")[2]
    (shown,) = kwf("show", "t1", "--json").json_lines
    (timer,), (event,) = shown["timers"], shown["scheduled"]  # type: ignore[misc]
    assert timer["callback"] == "asyncio.sleep"
    assert event["value"] == '{"ref":"a"}'
    assert ' sends {"ref":"a"}\n' in out
    assert '{"ref":"b"}' not in out
    (inner,) = shown["tasks"][1]["frames"]  # type: ignore[index]
    assert inner["file"].endswith("kwf_runtime/lib/locks.py")
    assert "await" in inner["source"]


def test_without_its_source_the_awaited_text_is_shown(waiting: Kwf) -> None:
    Path("flow.py").unlink()
    out = waiting("show", "t1").out
    assert "    await W.suspend(name)\n" in out
    assert f"flow.py:{line_of('await W.suspend')} in ask" in out


def test_a_compiled_module_is_shown_by_its_source(kwf: Kwf) -> None:
    Path("flow.py").write_text(FLOW)
    kwf("compile", "flow.py", "-o", "build/flow.py")
    kwf("start", "t1")
    kwf("run", "build/flow.py", "--until-idle")
    assert (
        f"  flow.py:{line_of('await W.suspend')} in ask\n    answer = await W.suspend(name)\n"
    ) in kwf("show", "t1").out


def test_a_thread_that_is_not_there(kwf: Kwf) -> None:
    assert "there is no thread t9" in kwf("show", "t9", exit_code=1).err


def test_a_parked_thread_says_why_and_keeps_its_event(kwf: Kwf) -> None:
    Path("flow.py").write_text(
        "import threading\nimport kwf_runtime as W\n\n\n"
        "async def main(arg):\n"
        "    lock = threading.Lock()\n"
        "    return await W.suspend('r'), lock\n"
    )
    kwf("start", "t1")
    kwf("run", "flow.py", "--until-idle")
    out = kwf("show", "t1").out
    assert "thread t1, workflow flow, parked\n" in out
    assert "reason: unsavable: " in out
    assert "kept: workflow-resume:0:0 new:null\n" in out
    (shown,) = kwf("show", "t1", "--json").json_lines
    assert shown["kept"] == [
        {"topic": "workflow-resume", "partition": 0, "offset": 0, "value": "new:null"}
    ]
    assert kwf("threads", "--status", "parked").lines[1].startswith("t1      flow      parked")


def test_threads(waiting: Kwf) -> None:
    waiting("start", "t2")
    waiting("run", "flow.py", "--until-idle")
    header, first, second = waiting("threads").lines
    assert header.split() == ["THREAD", "WORKFLOW", "STATUS", "POSITION", "NEXT", "TIMER", "REASON"]
    assert first.split()[:4] == ["t1", "flow", "waiting", "0"]
    assert second.split()[:4] == ["t2", "flow", "waiting", "1"]
    fields = waiting("threads", "--json").json_lines
    assert [f["thread"] for f in fields] == ["t1", "t2"]
    assert list(fields[0]) == ["thread", "workflow", "status", "position", "due", "reason", "kept"]
    assert waiting("threads", "--workflow", "other").out == ""
    assert waiting("threads", "--status", "parked", "--json").out == ""


def test_state_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    assert view_thread(ThreadRecord("t1", "flow", state=b"nonsense"), {}).unreadable
    foreign = view_thread(ThreadRecord("t1", "flow", state=dumps({"not": "a thread"})), {})
    assert "has no loop" in str(foreign.unreadable)


def test_a_thread_without_a_state_has_no_tasks() -> None:
    view = view_thread(ThreadRecord("t1", "flow", status="buffered"), {})
    assert (view.tasks, view.refs, view.unreadable) == ([], [], None)
