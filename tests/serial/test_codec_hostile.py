"""Bytes that no writer made: only DecodeError comes out, and nothing else happens."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from kwf_runtime.errors import DecodeError
from kwf_runtime.serial import dumps, loads
from kwf_runtime.serial import framing as f

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def fuzz(count, seed):
    done = subprocess.run(
        [sys.executable, HERE / "codec_fuzz.py", str(count), str(seed)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout == f"ok {count}\n"


def test_10_000_blobs():
    fuzz(10_000, 1)


@pytest.mark.slow
def test_200_000_blobs():
    fuzz(200_000, 2)


def test_header_is_checked():
    data = dumps([1])
    with pytest.raises(DecodeError, match="no KWF header"):
        loads(b"")
    with pytest.raises(DecodeError, match="no KWF header"):
        loads(b"XYZ" + data[3:])
    with pytest.raises(DecodeError, match="format version 2, this kwf reads 1: upgrade kwf"):
        loads(data[:3] + b"\x02" + data[4:])
    with pytest.raises(DecodeError, match="flags 0x2"):
        loads(data[:4] + b"\x02" + data[5:])
    for place in range(5, len(data)):
        with pytest.raises(DecodeError, match="damaged"):
            loads(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    with pytest.raises(DecodeError):
        loads(data[:-1])
    with pytest.raises(TypeError, match="bytes, not str"):
        loads("KWF")


@pytest.mark.parametrize(
    "stream",
    [
        [],
        [1, 2],
        [f.LIST, 2, 1],
        [f.LIST, 2**63, 1],
        [f.LIST, -1],
        [f.LIST, "x"],
        [f.REF, 0],
        [f.REF, -1],
        [f.STRING, 5],
        [f.NEGATIVE, -5],
        [f.BIG, "x"],
        [f.BYTEARRAY, 1],
        [f.DICT, 1, f.EMPTY_LIST, 1],
        [f.SET, 1, f.EMPTY_LIST],
        [f.TUPLE_1, f.REF, 0],
        [f.TUPLE_1, f.TUPLE_1, f.REF, 0],
        [f.FROZENSET, 1, f.REF, 0],
        [-20],
        [f.SHAPE_0],
        [(f.RECORD, "a")],
        [(f.RECORD, 1), f.SHAPE_0, 1],
        [()],
        [(f.VALUE, "Decimal", 1), f.SHAPE_0, "not a number"],
        [(f.VALUE, "range", 3), f.SHAPE_0, 0, 1, 0],
        [(f.VALUE, "ZoneInfo", 1), f.SHAPE_0, "../../etc/passwd"],
        [(f.VALUE, "ZoneInfo", 1), f.SHAPE_0, "No/Such"],
        [(f.VALUE, "Pattern", 2), f.SHAPE_0, "(", 0],
        [(f.VALUE, "Fraction", 2), f.SHAPE_0, 1, 0],
        [(f.VALUE, "datetime", 2), f.SHAPE_0, 2**63, None],
        [(f.NODE, "iterator.product", 2), f.SHAPE_0, f.TUPLE_1, (f.VALUE, "range", 3), f.SHAPE_0 - 1, 0, 2**40, 1, None],
        [(f.NODE, "builtin_method", 2), f.SHAPE_0, f.EMPTY_LIST, "__class__"],
        [(f.NODE, "method", 2), f.SHAPE_0, 1, 2],
        [(f.NODE, "Random", 2), f.SHAPE_0, b"short", None],
        [(f.FUNCTION, "codec_shop:counter.<locals>.increase", ("count",), ()), f.SHAPE_0, f.EMPTY_LIST],
    ],
    ids=repr,
)  # fmt: skip
def test_wrong_streams(stream):
    import codec_shop

    assert codec_shop
    with pytest.raises(DecodeError):
        loads(f.pack(stream))


def test_frames_of_a_failed_load_never_run():
    import codec_shop

    ran = []
    generator = codec_shop.guarded(ran)
    next(generator)
    stream = list(f.unpack(dumps([generator, 1])))
    generator.close()
    assert ran == ["closed"]
    codec_shop.RAN.clear()
    with pytest.raises(DecodeError):
        loads(f.pack([*stream[:-1], f.REF, 99]))
    gc.collect()
    assert codec_shop.RAN == []


def test_long_bodies_are_checked_too():
    body = f.pack(list(range(5000)))
    with pytest.raises(DecodeError):
        loads(body)
    from codec_fuzz import seal

    with pytest.raises(DecodeError):
        loads(seal(b"\xdd\x00\x10\x00\x00" * 2000))
    with pytest.raises(DecodeError, match="length is wrong"):
        loads(seal(b"\xdc\x00\x02" + b"\xda\x13\x88" + b"x" * 5000))
    with pytest.raises(DecodeError, match="no array"):
        loads(seal(b"\xdb\x00\x00\x13\x88" + b"x" * 5000))
