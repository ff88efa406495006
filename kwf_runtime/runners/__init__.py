"""Runners: they own the clock and the connection, and commit steps with the position in the log.

Nothing is imported here: a process pays only for the runner that it uses (see `base.open_runner`).
"""
