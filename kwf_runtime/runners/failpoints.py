"""Points at which a test lets the process die, as `kill -9` would.

`KWF_FAILPOINT=before_commit:3` ends the process with code 137 when it is about to commit for the
third time. Without the variable a point costs one comparison. Read once, at import.
"""

from __future__ import annotations

import os

_EXIT_CODE = 137  # 128 + SIGKILL, what a shell reports for kill -9


def _armed() -> tuple[str, int]:
    name, _, nth = os.environ.get("KWF_FAILPOINT", "").partition(":")
    return name, int(nth) if nth.isdecimal() else 1


_name, _left = _armed()


def hit(name: str) -> None:
    """Die here if this is the point, and the hit, that the environment names."""
    global _left
    if name != _name:
        return
    _left -= 1
    if _left == 0:
        os._exit(_EXIT_CODE)
