"""The load: threads that are started, and their answers, as records of `workflow-resume`.

The records come in waves: all starts, then the first answer of every thread, then the second one.
They are the same for every loop, and they are in the log before the clock starts: nobody else uses
the processors then, and two rounds do exactly the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kwf_runtime.core.engine import Program
from kwf_runtime.loader import load_program
from kwf_runtime.runners.memory import MemoryLog, MemoryRunner
from kwf_runtime.runners.records import OutRecord
from kwf_runtime.settings import Settings
from kwf_runtime.wire import RESUME_TOPIC, encode_resume, encode_start

WORKFLOW = Path(__file__).with_name("workflows") / "order.py"
COMMAND_TOPIC = "bench-commands"


@cache
def program() -> Program:
    """Return the compiled workflow."""
    return load_program([WORKFLOW])


def answer(number: int) -> bytes:
    """Return the value of the record that answers await `number`."""
    return encode_resume(f"part-{number}", {"id": f"booking-{number}", "price": 1000 + number % 7})


@dataclass(frozen=True)
class Load:
    """So many threads of so many awaits each; their records are for `topic`."""

    threads: int = 300
    awaits: int = 20
    topic: str = RESUME_TOPIC

    @property
    def resumes(self) -> int:
        """Answers, without the starts."""
        return self.threads * self.awaits

    @property
    def steps(self) -> int:
        """All records."""
        return self.resumes + self.threads

    @property
    def final_value(self) -> bytes:
        """The value of the records that end threads."""
        return answer(self.awaits - 1)

    def start(self, number: int) -> OutRecord:
        """Return the record that starts a thread."""
        value = encode_start({"customer": f"customer-{number}", "awaits": self.awaits})
        return OutRecord(self.topic, b"order-%06d" % number, value)

    def records(self) -> Iterator[OutRecord]:
        """Iterate over all records, wave after wave."""
        starts = [self.start(number) for number in range(self.threads)]
        yield from starts
        for number in range(self.awaits):
            value = answer(number)
            for start in starts:
                yield OutRecord(self.topic, start.key, value)

    def body_bytes(self) -> int:
        """Return the size of what a store keeps for a thread in the middle of its life."""
        log = MemoryLog()
        runner = MemoryRunner(program(), Settings(runner="memory"), log)
        log.append([self.start(1)])
        runner.turn()
        for number in range(self.awaits // 2):
            log.append([OutRecord(RESUME_TOPIC, b"order-000001", answer(number))])
            runner.turn()
        (record,) = log.threads()
        return len(record.encode())
