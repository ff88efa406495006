"""What the tests of the library share."""

from __future__ import annotations

import asyncio
import json
import linecache
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import kwf_runtime as W
from kwf_compiler.hook import compile_code
from kwf_runtime import mock, testing

Script = Sequence[tuple[Any, ...]]
"""What a test does to a workflow: ("resume", ref, value), ("reject", ref, reason),
("advance", seconds), ("cancel",)."""
Outcome = tuple[list[str | None], str]
"""What a workflow has logged, and how it ended."""


def load_source(name: str, source: str, *, native: bool = False) -> ModuleType:
    """Execute a source text as a module of that name: compiled, or as it is."""
    filename = f"<{name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    module = ModuleType(name)
    sys.modules[name] = module
    if native:
        code = compile(source, filename, "exec", dont_inherit=True)
    else:
        code = compile_code(source, filename)
    exec(code, module.__dict__)
    return module


def run_mocked(module: ModuleType, name: str, script: Script) -> Outcome:
    """Play a script to a workflow under plain asyncio, with the mock; return what happened."""
    mock.reset()

    async def play() -> str:
        task = asyncio.create_task(getattr(module, name)())
        await testing.rest()
        for verb, *arguments in script:
            match verb:
                case "resume":
                    await mock.resume(*arguments)
                case "reject":
                    await mock.reject(*arguments)
                case "advance":
                    await testing.advance(*arguments)
                case "cancel":
                    W.cancel(task)
                    await testing.rest()
        if not task.done():
            task.cancel()
            return "waits"
        try:
            return json.dumps(await task)
        except asyncio.CancelledError:
            return "CancelToken"
        except Exception as exc:
            return f"{type(exc).__name__}: {exc}"

    ended = testing.run(play())
    return [value for topic, _, value in mock.trace if topic == "log"], ended


def run_thread(module: ModuleType, name: str, script: Script, *, roundtrip: bool = True) -> Outcome:
    """Play a script to a compiled workflow in a thread; return what happened."""
    thread = testing.Thread(getattr(module, name), roundtrip=roundtrip)
    for verb, *arguments in script:
        getattr(thread, verb)(*arguments)
    assert not thread.last.logs
    log = [value for topic, _, value in thread.outputs if topic == "log"]
    if not thread.done:
        return log, "waits"
    return log, thread.error or json.dumps(thread.result)


def run_everywhere(name: str, source: str, script: Script) -> Outcome:
    """Play a script to a workflow in each way that it can run; all must give the same."""
    native = load_source(f"kwf_test_{name}_native", source, native=True)
    compiled = load_source(f"kwf_test_{name}", source)
    outcome = run_mocked(native, name, script)
    assert run_mocked(compiled, name, script) == outcome, "compiled, under plain asyncio"
    assert run_thread(compiled, name, script, roundtrip=False) == outcome, "in a thread"
    assert run_thread(compiled, name, script) == outcome, "saved and loaded at every rest"
    return outcome
