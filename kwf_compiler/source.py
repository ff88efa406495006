"""Prints a compiled module."""

from __future__ import annotations

import ast

from kwf_compiler.emit.module import EmittedModule


def splice(source: str, filename: str, emitted: EmittedModule) -> str:
    return ast.unparse(emitted.tree) + "\n"
