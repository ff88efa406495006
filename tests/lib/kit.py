"""What the tests of the library share."""

from __future__ import annotations

import linecache
import sys
from types import ModuleType

from kwf_compiler.hook import compile_code


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
