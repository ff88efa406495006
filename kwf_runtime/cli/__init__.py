"""The command line: one file a command, each a thin layer over the library.

Limits: nothing here decides anything about threads; a command reads through a `Client`, and changes
things by records that it appends to the log, so that it works beside a running engine.
"""
