"""The wire protocol to the byte, and every bad input of the fault list with its decision."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwf_runtime import wire
from kwf_runtime.core.events import NO_ERROR, Resume, Start
from kwf_runtime.errors import WireError

DEEP = 100_000

GOOD = [
    (b'new:{"a":1}', Start("", {"a": 1})),
    (b"new:null", Start("", None)),
    (b'new: "x"', Start("", "x")),
    (b"new@trip:[1]", Start("trip", [1])),
    (b"new@a.b:c", None),
    (b'{"ref":"r","value":1}', Resume("r", 1)),
    (b'  {"ref":"r","value":1}\n', Resume("r", 1)),
    (b'{"ref":"r"}', Resume("r", None)),
    (b'{"ref":"r","error":"no"}', Resume("r", error="no")),
    (b'{"ref":"r","error":null}', Resume("r", error=None)),
    (b'{"ref":"r","value":1,"error":"no"}', Resume("r", error="no")),
    (b'{"ref":"r","value":1,"error":null}', Resume("r", 1)),
    (b'{"ref":"r","value":{"ref":"x"},"more":true}', Resume("r", {"ref": "x"})),
    (b'{"ref":"","value":-0}', Resume("", 0)),
    (b'{"ref":"r","value":"\\u0000"}', Resume("r", "\0")),
    (b'{"ref":"r","value":"\\ud83d\\ude00"}', Resume("r", "\U0001f600")),
    (b'{"ref":"r","value":{"__class__":"os.system"}}', Resume("r", {"__class__": "os.system"})),
    (b'{"ref":"r","value":"[[[{{{"}', Resume("r", "[[[{{{")),
    ('{"ref":"ключ","value":"é"}'.encode(), Resume("ключ", "é")),
    (b'{"ref":"r","value":1e308}', Resume("r", 1e308)),
    (b'{"ref":"r","value":' + b"9" * 4300 + b"}", Resume("r", int("9" * 4300))),
    (b'{"ref":"' + b"r" * 1_000_000 + b'"}', Resume("r" * 1_000_000)),
]


@pytest.mark.parametrize(("value", "event"), [g for g in GOOD if g[1] is not None])
def test_good_values(value: bytes, event: object) -> None:
    assert wire.decode_event(value) == event


def test_a_resume_without_error_has_none() -> None:
    event = wire.decode_event(b'{"ref":"r","value":1}')
    assert isinstance(event, Resume)
    assert event.error is NO_ERROR


BAD = {
    "null value": (None, "no-value"),
    "empty": (b"", "bad-value"),
    "not UTF-8": (b"new:\xff", "bad-value"),
    "UTF-16": ('{"ref":"r"}'.encode("utf-16"), "bad-value"),
    "UTF-16 without a mark": ('{"ref":"r"}'.encode("utf-16-le"), "bad-json"),
    "byte order mark": (b'\xef\xbb\xbf{"ref":"r"}', "bad-value"),
    "new: with nothing": (b"new:", "bad-json"),
    "new: bad json": (b"new:{bad json", "bad-json"),
    "NEW:": (b"NEW:{}", "bad-json"),
    "blank before new:": (b" new:{}", "bad-json"),
    "new@ without a name": (b"new@:{}", "bad-value"),
    "new@ without a colon": (b"new@name", "bad-value"),
    "truncated": (b'{"ref":"r","val', "bad-json"),
    "scalar": (b"1", "bad-value"),
    "array": (b"[]", "bad-value"),
    "null": (b"null", "bad-value"),
    "no ref": (b'{"value":1}', "bad-value"),
    "ref null": (b'{"ref":null}', "bad-value"),
    "ref number": (b'{"ref":0}', "bad-value"),
    "ref list": (b'{"ref":["r"]}', "bad-value"),
    "ref boolean": (b'{"ref":true}', "bad-value"),
    "ref object": (b'{"ref":{}}', "bad-value"),
    "ref string in error": (b'{"ref":1.5}', "bad-value"),
    "duplicate key": (b'{"ref":"a","ref":"b"}', "bad-json"),
    "inner duplicate key": (b'{"ref":"a","value":{"x":1,"x":2}}', "bad-json"),
    "NaN": (b'{"ref":"r","value":NaN}', "bad-json"),
    "Infinity": (b'{"ref":"r","value":-Infinity}', "bad-json"),
    "1e400": (b'{"ref":"r","value":1e400}', "bad-json"),
    "many digits": (b'{"ref":"r","value":' + b"9" * 5000 + b"}", "bad-json"),
    "deep arrays": (b"new:" + b"[" * DEEP + b"]" * DEEP, "bad-json"),
    "deep, unclosed": (b"[" * DEEP, "bad-json"),
    "deep objects": (b"new:" + b'{"a":' * DEEP + b"1" + b"}" * DEEP, "bad-json"),
    "lone surrogate": (b'{"ref":"r","value":"\\ud800"}', "bad-json"),
    "lone surrogate in a name": (b'{"ref":"r","value":{"\\udfff":1}}', "bad-json"),
    "lone surrogate in ref": (b'{"ref":"\\uD800"}', "bad-json"),
    "surrogate bytes": (b'{"ref":"r","value":"\xed\xa0\x80"}', "bad-value"),
    "pickle": (b"\x80\x04\x95\x0f\x00", "bad-value"),
    "two documents": (b'{"ref":"r"}{"ref":"s"}', "bad-json"),
    "control character": (b'{"ref":"r\n"}', "bad-json"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_values(name: str) -> None:
    value, code = BAD[name]
    with pytest.raises(WireError) as caught:
        wire.decode_event(value)
    assert caught.value.code == code
    assert str(caught.value)


def test_brackets_in_strings_do_not_nest() -> None:
    text = json.dumps({"ref": "r", "value": ["[" * 1000 + '\\"' + "{" * 1000]})
    assert wire.decode_event(text.encode()) == Resume("r", json.loads(text)["value"])


def test_nesting_up_to_the_limit() -> None:
    depth = wire.MAX_JSON_DEPTH
    wire.decode_json("[" * depth + "]" * depth)
    with pytest.raises(WireError):
        wire.decode_json("[" * (depth + 1) + "]" * (depth + 1))


@given(st.binary(max_size=200))
def test_any_bytes_give_an_event_or_a_wire_error(value: bytes) -> None:
    for prefix in (b"", b"new:", b"{", b'{"ref":'):
        try:
            wire.decode_event(prefix + value)
        except WireError as error:
            assert error.code


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=10,
)


@given(JSON, st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_encoded_is_decoded(value: object, ref: str) -> None:
    assert wire.decode_event(wire.encode_start(value)) == Start("", value)
    assert wire.decode_event(wire.encode_start(value, "w")) == Start("w", value)
    assert wire.decode_event(wire.encode_resume(ref, value)) == Resume(ref, value)
    assert wire.decode_event(wire.encode_reject(ref, value)) == Resume(ref, error=value)


@pytest.mark.parametrize("value", [float("nan"), {1: object()}, "\ud800", {"a": {1, 2}}])
def test_what_has_no_json_is_refused(value: object) -> None:
    with pytest.raises(WireError):
        wire.encode_json(value)


@pytest.mark.parametrize("key", [b"t", "поток".encode(), b"a\nb", b"a\0b", b"x" * 4096])
def test_thread_ids(key: bytes) -> None:
    assert wire.decode_thread_id(key).encode() == key


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "no-key"),
        (b"", "bad-key"),
        (b"\xff", "bad-key"),
        (b"a|b", "bad-key"),
        (b"x" * 1_000_000, "bad-key"),
    ],
)
def test_keys_that_are_no_thread_ids(key: bytes | None, code: str) -> None:
    with pytest.raises(WireError) as caught:
        wire.decode_thread_id(key)
    assert caught.value.code == code


KEY = b't|{"ref":"r"}'


@pytest.mark.parametrize(
    ("key", "value", "due_ms"),
    [
        (KEY, b"1000", 3000),
        (KEY, b"0", None),
        (KEY, b"000", None),
        (KEY, None, None),
        (b't|{"ref":"a|b"}', b"5", 2005),
        (b"t|new:{}", b"5", 2005),
        (KEY, str(wire.MAX_DUE_MS - 2000).encode(), wire.MAX_DUE_MS),
    ],
)
def test_timers(key: bytes, value: bytes | None, due_ms: int | None) -> None:
    assert wire.decode_timer(key, value, 2000) == wire.TimerChange(key, due_ms)


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        (None, b"1", "no-key"),
        (b"t", b"1", "bad-key"),
        (b"t|", b"1", "bad-key"),
        (b"|{}", b"1", "bad-key"),
        (b"t|not json", b"1", "bad-key"),
        (b"t|1", None, "bad-key"),
        (b'\xff|{"ref":"r"}', b"1", "bad-key"),
        *[
            (KEY, delay, "bad-delay")
            for delay in (
                b"",
                b"abc",
                b"-5",
                b"+5",
                b"1.5",
                b"1e3",
                b" 5",
                "٣".encode(),
                str(2**63).encode(),
                str(2**63 - 1).encode(),
                b"9" * 10_000,
                b"\xff",
            )
        ],
    ],
)
def test_bad_timers(key: bytes | None, value: bytes | None, code: str) -> None:
    with pytest.raises(WireError) as caught:
        wire.decode_timer(key, value, 2000)
    assert caught.value.code == code


def test_a_timers_key_is_split_at_the_first_bar() -> None:
    assert wire.split_timer_key(b't|{"ref":"a|b"}') == (b"t", b'{"ref":"a|b"}')
