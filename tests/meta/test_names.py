"""The public names of the contract exist, and have documentation."""

from __future__ import annotations

import inspect
import re
import tomllib

import click
import pytest

import kwf_compiler
import kwf_runtime as W
from kwf_runtime.cli.main import COMMANDS, cli
from tests.meta.sources import ROOT, product_files

NAMES = """
activity all all_settled all_with_cancel any any_with_cancel cancel CancelToken channel config dumps
ensure_thread loads mock output output_json race ref ref_id register Retry suspend thread_id workflow
ActivityError WorkflowError
""".split()
MOCK_NAMES = "resume reject trace suspended topic_handlers last_topic_update reset".split()
# Of the contract, these belong to later work.
COMMANDS_OF_THE_CONTRACT = {
    *"compile run start resume send tail threads show cancel retry topics dlq doctor".split()
}
ASYNCIO = """
create_task gather wait wait_for as_completed shield timeout timeout_at sleep to_thread TaskGroup Task
Future Event Lock Condition Semaphore BoundedSemaphore Barrier Queue LifoQueue PriorityQueue current_task
all_tasks
""".split()


@pytest.mark.parametrize("name", NAMES)
def test_the_runtime_has_the_name(name: str) -> None:
    value = getattr(W, name)
    assert name in W.__all__
    assert name in dir(W)
    if inspect.isfunction(value) or inspect.isclass(value):
        assert inspect.getdoc(value)


@pytest.mark.parametrize("name", MOCK_NAMES)
def test_the_mock_has_the_name(name: str) -> None:
    assert hasattr(W.mock, name)


@pytest.mark.parametrize("name", ["output_topics", "result_topic", "error_topic"])
def test_a_module_can_declare(name: str) -> None:
    assert hasattr(W.config, name)


@pytest.mark.parametrize("name", ASYNCIO)
def test_the_durable_asyncio_has_the_name(name: str) -> None:
    from kwf_runtime import aio

    assert getattr(aio, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'suspand'"):
        W.suspand  # noqa: B018


def test_the_compiler_has_its_name() -> None:
    result = kwf_compiler.compile_source("async def main(a):\n    return await a\n", "w.py")
    assert isinstance(result.code, str)
    assert result.source_map.original_line(len(result.code.splitlines()) + 1) is None


def test_the_commands() -> None:
    assert set(COMMANDS) == COMMANDS_OF_THE_CONTRACT
    assert cli.list_commands(click.Context(cli)) == list(COMMANDS)


def test_every_finding_of_the_compiler_is_documented() -> None:
    written = {
        code
        for file in product_files()
        for code in re.findall(r'"(KWF\d{3})"', file.read_text(encoding="utf-8"))
    }
    documented = set(
        re.findall(r"^#+ (KWF\d{3})\b", (ROOT / "docs/diagnostics.md").read_text(), re.MULTILINE)
    )
    assert written
    assert written == documented


def test_the_default_run_needs_no_compiler_and_no_kafka() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[<>=\[ ]", name)[0] for name in project["dependencies"]}
    assert needed == {"apsw", "click", "javaproperties", "msgpack"}
    assert set(project["optional-dependencies"]) == {"compiler", "kafka", "dev"}
