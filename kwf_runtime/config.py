"""The old name of `kwf_runtime.settings`; use that one.

A submodule of this name replaces the public object `kwf_runtime.config` when it is imported, so the
settings live in `kwf_runtime.settings`; this file goes as soon as nothing imports it.
"""

from kwf_runtime.settings import Settings, load_settings

__all__ = ["Settings", "load_settings"]
