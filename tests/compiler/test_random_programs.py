"""Random programs do the same natively, compiled, and saved at every suspension.

``KWF_EXAMPLES=5000`` runs more of them than the suite does, and other ones each time.
"""

from __future__ import annotations

import marshal
import os
import sys
import types
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, note, settings
from random_programs import HEAD, programs

import kwf_runtime as W
from kwf_compiler import hook
from tests.programs_support import Probe, SaveAndLoad, load_native, module_name, run

EXAMPLES = int(os.environ.get("KWF_EXAMPLES", "0"))


class Loader:
    """Imports one source, which it compiles once."""

    def __init__(self, source: str) -> None:
        self.code = marshal.dumps(hook.compile_code(source, "program.py"))

    def __call__(self, path: Path) -> types.ModuleType:
        module = types.ModuleType(module_name(path))
        sys.modules[module.__name__] = module
        exec(marshal.loads(self.code), module.__dict__)
        return module


class Hop(SaveAndLoad):
    """Saves, imports the same code afresh, and loads."""

    def __init__(self, path: Path, load: Loader) -> None:
        super().__init__(path)
        self.load = load

    def __call__(
        self, module: types.ModuleType, coro: Any, probe: Probe
    ) -> tuple[types.ModuleType, Any, Probe]:
        data = W.dumps((coro, probe))
        self.former.append((module, coro, probe))
        module = self.load(self.path)
        coro, probe = W.loads(data)
        return module, coro, probe


@settings(
    max_examples=EXAMPLES or 100,
    deadline=None,
    derandomize=not EXAMPLES,
    database=None,
    # Shrinking a whole program takes minutes: only where somebody waits for it.
    phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(programs())
def test_random_programs(tmp_path_factory: Any, source: str) -> None:
    note(source.removeprefix(HEAD))
    path = tmp_path_factory.getbasetemp() / "random_program.py"
    path.write_text(source)
    expected = run(path, load_native)
    if expected.complaints:
        return  # what was left of it was for the collector to end
    load = Loader(source)
    assert run(path, load).trace == expected.trace
    assert run(path, load, hop=Hop(path, load)).trace == expected.trace
