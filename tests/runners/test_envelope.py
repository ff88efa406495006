"""The bytes of a thread's record: round trip, a golden value, and damage."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwf_runtime.errors import DecodeError
from kwf_runtime.runners.envelope import ThreadRecord
from kwf_runtime.runners.records import Record

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
OPTIONAL_BYTES = st.none() | st.binary(max_size=20)
RECORDS = st.builds(
    Record,
    TEXT,
    st.integers(0, 9),
    st.integers(-1, 2**62),
    st.integers(-1, 2**62),
    OPTIONAL_BYTES,
    OPTIONAL_BYTES,
    st.lists(st.tuples(TEXT, OPTIONAL_BYTES), max_size=3).map(tuple),
)
THREADS = st.builds(
    ThreadRecord,
    TEXT,
    TEXT,
    st.sampled_from(["waiting", "parked", "buffered"]),
    st.integers(-1, 2**62),
    st.integers(0, 1000),
    st.integers(-1, 2**62),
    st.none() | st.integers(0, 2**62),
    st.lists(st.binary(max_size=9), max_size=3).map(tuple),
    OPTIONAL_BYTES,
    st.none() | TEXT,
    st.lists(RECORDS, max_size=3).map(tuple),
)

FULL = ThreadRecord(
    "t",
    "trip",
    "parked",
    position=7,
    sub=2,
    seen=9,
    due_ms=5,
    calls=(b"c",),
    state=b"state",
    reason="unsavable: x",
    kept=(Record("workflow-resume", 0, 9, 1, b"t", None, (("h", b"v"), ("n", None))),),
)
GOLDEN = bytes.fromhex(
    "4b540186668e789ba174a474726970010702090591c40163c4057374617465ac756e73617661626c"
    "653a20789197af776f726b666c6f772d726573756d65000901c40174c09292a168c4017692a16ec0"
)


@given(THREADS)
def test_round_trip(record: ThreadRecord) -> None:
    assert ThreadRecord.decode(record.encode()) == record


def test_the_bytes_of_version_1_stay_readable() -> None:
    assert FULL.encode().hex() == GOLDEN.hex()
    assert ThreadRecord.decode(GOLDEN) == FULL


@given(st.data())
def test_damage_is_noticed(data: st.DataObject) -> None:
    good = bytearray(FULL.encode())
    index = data.draw(st.integers(0, len(good) - 1))
    good[index] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DecodeError):
        ThreadRecord.decode(bytes(good))


@given(st.integers(0, len(FULL.encode()) - 1))
def test_truncation_is_noticed(length: int) -> None:
    with pytest.raises(DecodeError):
        ThreadRecord.decode(FULL.encode()[:length])


@given(st.binary(max_size=100))
def test_any_body_is_a_record_or_a_decode_error(body: bytes) -> None:
    try:
        ThreadRecord.decode(b"KT\x01" + zlib.crc32(body).to_bytes(4, "big") + body)
    except DecodeError as error:
        assert str(error)


def test_a_newer_version_is_refused_with_its_number() -> None:
    data = bytearray(FULL.encode())
    data[2] = 9
    with pytest.raises(DecodeError, match="version 9"):
        ThreadRecord.decode(bytes(data))


def test_damaged_bytes_load_as_a_parked_thread_that_holds_them() -> None:
    record = ThreadRecord.load("t", b"nonsense")
    assert record.status == "parked"
    assert record.state == b"nonsense"
    assert record.reason is not None
    assert record.reason.startswith("damaged-state: ")


def test_a_parked_thread_does_not_wake() -> None:
    assert FULL.wake_ms is None
    assert replace(FULL, status="waiting").wake_ms == 5
