"""The same programs under real asyncio and under the durable library: the same traces."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path

import pytest

import kwf_runtime.aio as aio
from kwf_runtime import testing
from tests.lib import programs
from tests.lib.kit import load_source
from tests.lib.programs import PROGRAMS


def trace_of_asyncio(program):
    trace = []
    testing.run(program(asyncio, lambda *words: trace.append(words)))
    return trace


def trace_in_thread(program):
    trace = []

    async def main(_argument):
        await program(aio, lambda *words: trace.append(words))

    thread = testing.Thread(main, roundtrip=False)
    thread.advance(1000)
    assert thread.result is None
    assert not thread.last.logs
    return trace


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_thread_runs_as_asyncio_does(program):
    assert trace_in_thread(program) == trace_of_asyncio(program)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_facade_is_asyncio_outside_of_threads(program):
    trace = []
    testing.run(program(aio, lambda *words: trace.append(words)))
    assert trace == trace_of_asyncio(program)


@pytest.fixture(scope="module")
def compiled():
    """The programs as one compiled module, whose asyncio is a global."""
    source = Path(inspect.getsourcefile(programs)).read_text(encoding="utf-8")
    head, future, rest = source.partition("from __future__ import annotations\n")
    rest = rest.replace("(asyncio, note):", "():")
    source = (
        f"{head}{future}import asyncio\nTRACE = []\ndef note(*words): TRACE.append(words)\n{rest}"
    )
    return load_source("kwf_test_same_as_asyncio", source)


def in_compiled_thread(compiled, program, **options):
    compiled.TRACE.clear()
    thread = testing.Thread(getattr(compiled, program.__name__), **options)
    thread.advance(1000)
    assert thread.result is None
    assert not thread.last.logs
    return compiled.TRACE


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_compiled_thread_runs_as_asyncio_does(compiled, program):
    assert in_compiled_thread(compiled, program, roundtrip=False) == trace_of_asyncio(program)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_thread_saved_and_loaded_at_every_rest_goes_on_as_before(compiled, program):
    assert in_compiled_thread(compiled, program, roundtrip=True) == trace_of_asyncio(program)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_compiled_runs_under_plain_asyncio(compiled, program):
    compiled.TRACE.clear()
    testing.run(getattr(compiled, program.__name__)())
    assert compiled.TRACE == trace_of_asyncio(program)
