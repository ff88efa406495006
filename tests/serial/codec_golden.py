"""Makes the golden files of the current format version: run by hand once for each version.

    python codec_golden.py

A file that exists is never written again: golden files load for ever.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), os.getcwd()]

import codec_shop as shop  # noqa: E402
from codec_support import Asked  # noqa: E402
from test_codec_classes import ERRORS  # noqa: E402
from test_codec_types import ITERATORS, VALUES  # noqa: E402

from kwf_runtime.serial import dumps  # noqa: E402
from kwf_runtime.serial.framing import VERSION  # noqa: E402

FOLDER = HERE / "golden"


def trip_in_flight():
    coroutine = shop.outer(2, Asked)
    asked = coroutine.send(None)
    return coroutine, asked


def raised():
    """An exception with a traceback that tells nothing of this machine."""
    namespace = {}
    exec(compile("def fail():\n    raise ValueError('raised')\n", "workflow.py", "exec"), namespace)
    try:
        namespace["fail"]()
    except ValueError as error:
        return error.with_traceback(error.__traceback__.tb_next)


def graphs():
    """Return what each golden file holds."""
    knot = shop.Plain(name="knot")
    knot.all = ([knot], {"me": knot}, {1: knot}, knot.method, shop.Slotted(knot, (knot,)))
    return {
        "values": [one for one in VALUES if one is not shop.LOCK],
        "knot": knot,
        "errors": [*ERRORS, raised()],
        "closures": shop.counter(5),
        "iterators": [make() for name, make in ITERATORS.items() if name not in _VERSION_BOUND],
        "frames": trip_in_flight(),
        "generator": shop.numbers(3),
    }


_VERSION_BOUND = ("groupby", "accumulate from", "ordered dict", "ordered items", "deque")
"""Iterators that came after the files, or that other versions of Python take apart otherwise."""


def main():
    folder = FOLDER / f"v{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, graph in graphs().items():
        path = folder / f"{name}.kwf"
        if not path.exists():
            path.write_bytes(dumps(graph))


if __name__ == "__main__":
    main()
