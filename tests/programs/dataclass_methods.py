"""Dataclasses with asynchronous methods, defaults, ordering and post-init."""

from dataclasses import dataclass, field, replace


@dataclass(order=True)
class Job:
    priority: int
    name: str = field(compare=False)
    log: list = field(default_factory=list, compare=False, repr=False)

    def __post_init__(self):
        self.name = self.name.upper()

    async def run(self, p):
        for step in range(self.priority):
            self.log.append(await p((self.name, step)))
        return self


async def main(p):
    jobs = [Job(2, "b"), Job(1, "a")]
    await p("made")
    for job in sorted(jobs):
        p.log(await job.run(p), job.log)
    other = replace(jobs[0], priority=0)
    await p("replaced")
    p.log(other, other == Job(0, "x"), await other.run(p) is other)
