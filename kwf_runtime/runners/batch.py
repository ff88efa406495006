"""A batch: everything that one commit writes, and the counts of what happened on the way."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field

from kwf_runtime.runners.envelope import ThreadRecord
from kwf_runtime.runners.records import OutRecord

_LOG = logging.getLogger("kwf.join")
_ALWAYS_LOGGED = 5


@dataclass(slots=True)
class Batch:
    """What one commit writes, all or nothing.

    Attributes:
        threads: By thread id, what the store keeps from now on; None removes it.
        timers: By key, when a timer of the scheduler's protocol is due; None removes it.
        outputs: Records to append, dead letters and fired timers included, in order.
        counters: What happened, by name; for metrics, added up after the commit.
        calls: (thread id, encoded call) of activities to start after the commit.
        cancelled: (thread id, call id) of activities to stop after the commit.
    """

    threads: dict[str, ThreadRecord | None] = field(default_factory=dict)
    timers: dict[bytes, int | None] = field(default_factory=dict)
    outputs: list[OutRecord] = field(default_factory=list)
    counters: Counter[str] = field(default_factory=Counter)
    calls: list[tuple[str, bytes]] = field(default_factory=list)
    cancelled: list[tuple[str, str]] = field(default_factory=list)

    @property
    def writes(self) -> bool:
        """Whether there is anything to write besides the position."""
        return bool(self.threads or self.timers or self.outputs)


class SampledLog:
    """Logs the first few of each kind, then each power of two: a flood stays a few lines."""

    def __init__(self) -> None:
        """Start counting."""
        self._seen: Counter[str] = Counter()

    def warn(self, kind: str, message: str, *args: object) -> None:
        """Log a message of that kind, or only count it."""
        self._seen[kind] += 1
        seen = self._seen[kind]
        if seen <= _ALWAYS_LOGGED or seen & (seen - 1) == 0:
            _LOG.warning("%s (%s, %d so far)", message % args, kind, seen)
