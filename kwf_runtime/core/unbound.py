"""The mark of a variable that has no value where a frame was suspended.

Limits: it is never visible to workflow code; a step that meets it deletes the variable.
"""

from __future__ import annotations

from typing import Final, final


@final
class Unbound:
    """The type of ``UNBOUND``, which has one instance."""

    __slots__ = ()
    _only: Unbound | None = None

    def __new__(cls) -> Unbound:
        """Return the one instance."""
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __repr__(self) -> str:
        """Show the name that code has for it."""
        return "UNBOUND"


UNBOUND: Final = Unbound()
