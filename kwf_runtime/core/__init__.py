"""The engine's core: threads, tasks, frames, and the pure function that steps them.

Limits: no I/O, no clock, no logging, no bytes; it imports ``kwf_runtime.errors`` and itself only.
"""
