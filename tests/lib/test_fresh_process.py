"""A saved thread goes on in a process that has imported nothing but the workflow's module."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

from kwf_compiler import compile_source
from kwf_runtime import testing

ROOT = Path(__file__).parents[2]
SOURCE = """
import kwf_runtime as W

async def main():
    return await W.race(W.suspend("a"), W.suspend("b"))
"""
GO_ON = """
import sys
sys.path[:0] = sys.argv[2:]
import kwf_test_fresh
import kwf_runtime as W
print(sorted(W.loads(bytes.fromhex(sys.argv[1])).suspensions))
"""


def test_the_library_is_known_to_whoever_imports_a_compiled_module(tmp_path, monkeypatch):
    code = compile_source(SOURCE, "kwf_test_fresh.py").code
    (tmp_path / "kwf_test_fresh.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    thread = testing.Thread(importlib.import_module("kwf_test_fresh"))
    done = subprocess.run(
        [sys.executable, "-c", GO_ON, thread.state.hex(), str(tmp_path), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("['a', 'b']\n", "")
