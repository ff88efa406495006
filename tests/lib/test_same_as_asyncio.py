"""The same programs under real asyncio and under the durable library: the same traces."""

from __future__ import annotations

import asyncio

import pytest

import kwf_runtime.aio as aio
from kwf_runtime import testing
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
