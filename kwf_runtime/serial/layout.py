"""Layouts: the schemas of frames, one per compiled function.

A frame is saved as (code id, label, values); the layout says which variables the values are.
Labels are made of the awaited text and its ordinal in the function, so that they outlive edits
elsewhere in the function.

Limits: a layout says nothing of cells; the code object names those.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["coroutine", "generator", "asyncgen"]

NOT_STARTED: Final = ""
"""The label name of a frame whose step was not called yet."""


@dataclass(frozen=True, slots=True)
class Label:
    """A suspend point: its name, its line in the source, and the variables live there."""

    name: str
    line: int
    slots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The schema of the frames of one compiled function.

    Attributes:
        name: qualified name of the function in its module.
        kind: what the function returns.
        labels: the suspend points; ``pc`` n is ``labels[n - 1]``.
        params: the slots of a frame that was not started.
    """

    name: str
    kind: Kind
    labels: tuple[Label, ...]
    params: tuple[str, ...] = ()
    _index: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the labels."""
        index = {label.name: pc for pc, label in enumerate(self.labels, 1)}
        if len(index) != len(self.labels) or NOT_STARTED in index:
            raise ValueError(f"the labels of {self.name} are not unique")
        index[NOT_STARTED] = 0
        object.__setattr__(self, "_index", index)

    @classmethod
    def of(
        cls,
        name: str,
        kind: Kind,
        labels: Iterable[tuple[str, int, tuple[str, ...]]],
        params: tuple[str, ...] = (),
    ) -> Layout:
        """Make a layout of the plain tuples that generated code has."""
        return cls(name, kind, tuple(Label(*label) for label in labels), params)

    def pc(self, label: str) -> int | None:
        """Return the ``pc`` of a label, None if this version of the code has no such label."""
        return self._index.get(label)

    def slots(self, pc: int) -> tuple[str, ...]:
        """Return the names of the slots of a frame at ``pc``."""
        return self.labels[pc - 1].slots if pc > 0 else self.params

    def label(self, pc: int) -> str:
        """Return the label name at ``pc``, which is 0 or above."""
        return self.labels[pc - 1].name if pc > 0 else NOT_STARTED

    def line(self, pc: int) -> int | None:
        """Return the source line of the suspend point at ``pc``."""
        return self.labels[pc - 1].line if pc > 0 else None
