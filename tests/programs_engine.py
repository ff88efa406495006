"""The workflow that runs a program of tests/programs on the engine; always loaded compiled.

``await p(x)`` is a suspension of the engine then, and the trace goes out as records, exactly as many as
the steps commit. An exception in the script comes in as a value: the wire could not carry it.
"""

import kwf_runtime as W
from tests.programs_support import Probe

manifest = {"output_topics": ["trace"]}


class EngineProbe(Probe):
    async def __call__(self, value=None):
        self.log("suspend", value)
        answer = await W.suspend()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def log(self, *values):
        super().log(*values)
        W.output(self.trace.pop(), "trace")


async def main(program):
    p = EngineProbe()
    try:
        result = await program(p)
    except BaseException as exc:
        p.log("raise", exc)
    else:
        p.log("return", result)
