"""The compiler of kwf: ordinary Python async functions into state machines that can be saved.

``compile_source`` is the whole of its public API. Needs libcst for printing; never imports
kwf_runtime.
"""

from __future__ import annotations

from kwf_compiler.diagnostics import CompileError, Diagnostic, Span

__all__ = ["CompileError", "CompileResult", "Diagnostic", "SourceMap", "Span", "compile_source"]


def __getattr__(name: str) -> object:
    if name in ("CompileResult", "SourceMap", "compile_source"):
        from kwf_compiler import api

        return getattr(api, name)
    raise AttributeError(f"module 'kwf_compiler' has no attribute {name!r}")
