"""The committed output of the compiler for the durable library is what it gives now."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_compiled_library_is_current():
    spec = importlib.util.spec_from_file_location("build_lib", ROOT / "tools" / "build_lib.py")
    build_lib = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build_lib)
    stale = [str(path.relative_to(ROOT)) for path in build_lib.stale_files()]
    assert not stale, "run: python tools/build_lib.py"
