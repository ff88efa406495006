"""State of every format version loads for ever; and in a process that never saw it."""

import itertools
import subprocess
import sys
from pathlib import Path

import codec_golden
import codec_shop as shop
import pytest

from kwf_runtime.serial import dumps, inspect_bytes, loads
from kwf_runtime.serial.framing import VERSION

FILES = sorted(codec_golden.FOLDER.glob("v*/*.kwf"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_golden_file_loads(path):
    data = path.read_bytes()
    inspect_bytes(data)
    CHECKS[path.stem](loads(data))


def test_this_version_has_every_golden_file():
    folder = codec_golden.FOLDER / f"v{VERSION}"
    assert {path.stem for path in folder.iterdir()} == set(codec_golden.graphs()) == set(CHECKS)


def check_values(values):
    expected = codec_golden.graphs()["values"]
    assert len(values) == len(expected)
    assert [type(one) for one in values] == [type(one) for one in expected]
    assert all(one == other for one, other in zip(values, expected))


def check_knot(knot):
    (inside,), by_name, by_number, method, slotted = knot.all
    assert knot is inside is by_name["me"] is by_number[1] is method() is slotted.left
    assert slotted.right[0] is knot


def check_errors(errors):
    assert [repr(one) for one in errors] == [repr(one) for one in codec_golden.graphs()["errors"]]
    assert errors[-1].__traceback__ is not None


def check_closures(pair):
    increase, read = pair
    increase(2)
    assert read() == 7


def check_iterators(iterators):
    for loaded, fresh in zip(iterators, codec_golden.graphs()["iterators"]):
        assert list(itertools.islice(loaded, 9)) == list(itertools.islice(fresh, 9))


def check_frames(pair):
    coroutine, asked = pair
    asked.value = 5
    asked = coroutine.send(None)
    asked.value = 6
    with pytest.raises(StopIteration) as stop:
        coroutine.send(None)
    assert stop.value.value[1][1][1][:2] == (11, ["asked", 5])


def check_generator(generator):
    assert list(generator) == [0, 1, 2]


CHECKS = {
    "values": check_values,
    "knot": check_knot,
    "errors": check_errors,
    "closures": check_closures,
    "iterators": check_iterators,
    "frames": check_frames,
    "generator": check_generator,
}

CONTINUE = """
import sys
sys.path[:0] = sys.argv[1:]
import codec_shop, codec_support
from kwf_runtime.serial import dumps, loads
coroutine, asked, log = loads(sys.stdin.buffer.read())
asked.value = 5
log.append(coroutine.send(None))
sys.stdout.buffer.write(dumps((coroutine, log)))
"""


def test_another_process_goes_on_where_this_one_was():
    here = Path(__file__).parent
    coroutine, asked = codec_golden.trip_in_flight()
    data = dumps((coroutine, asked, ["log"]))
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", CONTINUE, here, here.parent.parent],
        input=data,
        capture_output=True,
        check=True,
    )
    coroutine.close()
    coroutine, log = loads(done.stdout)
    assert log[1].question == "second"
    log[1].value = 6
    with pytest.raises(StopIteration) as stop:
        coroutine.send(None)
    assert stop.value.value[1][1][1][:2] == (11, ["asked", 5])


def test_bytes_do_not_depend_on_the_hash_seed():
    here = Path(__file__).parent
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "import codec_shop as shop\n"
        "from kwf_runtime.serial import dumps\n"
        "graph = [{'a', 'b', 'c', 'd'}, frozenset('xyz'), {1, 'a', None, 2.5}, shop.Mixed(1, 2), shop.counter(1)]\n"
        "sys.stdout.buffer.write(dumps(graph))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, here, here.parent.parent],
            env={"PYTHONHASHSEED": str(seed)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in (1, 2, 3)
    }
    assert len(outputs) == 1
    assert shop
