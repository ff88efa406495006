"""What a Python-to-Python pass prints still runs, natively, and does what its source does."""

from __future__ import annotations

import sys
import types
from functools import partial
from pathlib import Path

import pytest
from test_programs import RUN, native

from kwf_compiler.pipeline import Compilation
from tests.programs_support import module_name, run


def load_after(stop: str, path: Path) -> types.ModuleType:
    (text,) = Compilation(path.read_text(), str(path), stop=stop).run().printed
    module = types.ModuleType(module_name(path))
    sys.modules[module.__name__] = module
    exec(compile(text, str(path), "exec", dont_inherit=True), module.__dict__)
    return module


@pytest.mark.parametrize("stop", ["desugar", "anf"])
@pytest.mark.parametrize("path", RUN, ids=lambda path: path.stem)
def test_the_output_of_a_pass_runs(path: Path, stop: str) -> None:
    assert run(path, partial(load_after, stop)).trace == native(path).trace
