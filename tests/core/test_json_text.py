"""JSON text: any text at all ends in a document or in one line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.core.errors import InputError
from tempstudio.core.json_text import MAX_DEPTH, MAX_DIGITS, parse

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**90), 10**90)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


def refusal(text: str | bytes, **limits: int) -> str:
    with pytest.raises(InputError) as caught:
        parse(text, "a.json", **limits)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith("a.json: ")
    assert len(line) < 300
    line.encode()
    return line.removeprefix("a.json: ")


@given(VALUES)
def test_what_json_writes_is_read_back(value: object) -> None:
    assert parse(json.dumps(value), "a.json") == value
    assert parse(json.dumps(value, ensure_ascii=False, indent=1).encode(), "a.json") == value


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_text_is_read_or_refused_in_one_line(text: bytes | str) -> None:
    try:
        parse(text, "a.json")
    except InputError as error:
        assert "\n" not in str(error)


@given(VALUES, st.data())
def test_a_text_cut_anywhere_is_read_or_refused(value: object, data: st.DataObject) -> None:
    text = json.dumps({"a": value}, ensure_ascii=False).encode()
    refusal(text[: data.draw(st.integers(0, len(text) - 1))])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ('{"a": 1,}', "line 1, column 9: not valid JSON"),
        ('{\n "a": [1, 2', "line 2, column 12: not valid JSON"),
        ('{"a": "\nb"}', "invalid control character"),
        ('{"a": "b', "line 1, column 7: not valid JSON: unterminated string"),
        ("{'a': 1}", "line 1, column 2"),
        ("1 2", "line 1, column 3: not valid JSON: extra data"),
        ('{"a": NaN}', "line 1, column 7: NaN is not a number"),
        ('{"NaN": "NaN",\n "a": -Infinity}', "line 2, column 7: -Infinity is not a number"),
        ("[1e5, 1e999]", "line 1, column 7: 1e999 is too large"),
        ("[-" + "9" * 101 + "]", "line 1, column 2: a whole number of 101 digits"),
        ("[" + "9" * 100_000 + "]", "a whole number of 100,000 digits"),
        ('{"a": 1,\n "a": 2}', 'line 2, column 2: the key "a" stands twice in one object'),
        ('{"b": {"a": 1}, "a": 1, "a": 2}', 'the key "a" stands twice in one object'),
        ('{"' + "k" * 500 + '": 1, "' + "k" * 500 + '": 2}', "stands twice"),
        ('{"a\\nb": 1, "a\\nb": 2}', "stands twice"),
        ('["\\ud800"]', "half of a surrogate pair"),
        ('{"\\udc00": 1}', "half of a surrogate pair"),
        ('["\ud800"]', "half of a surrogate pair"),
        (b'{"a":\n "\xff"}', "line 2, column 3: not UTF-8 text (byte 0xff)"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8 text"),
        (b"\x00" * 10, "line 1, column 1: not valid JSON"),
        ("[" * 65 + "]" * 65, "line 1, column 65: nested deeper than the 64 levels"),
        ('{"[[":' * 65 + "1" + "}" * 65, "line 1, column 385: nested deeper"),
        ("[" * 100_000, "nested deeper than the 64 levels"),
        ('{"a":' * 100_000, "nested deeper than the 64 levels"),
    ],
)
def test_what_is_refused(text: str | bytes, says: str) -> None:
    assert says in refusal(text)


def test_the_limits_themselves_are_allowed() -> None:
    depth = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert parse(depth, "a.json") == json.loads(depth)
    assert parse("-" + "9" * MAX_DIGITS, "a.json") == -int("9" * MAX_DIGITS)
    assert parse('{"a": 1}', "a.json", max_bytes=8) == {"a": 1}
    assert parse("[1, 2]", "a.json", max_values=2) == [1, 2]
    assert "allowed" in refusal('{"a": 1}', max_bytes=7)
    assert "allowed" in refusal("[1, 2, 3]", max_values=2)
    assert "larger than the 16 MB allowed" in refusal(b" " * 16_000_001)


def test_many_shallow_lists_are_not_deep() -> None:
    assert parse("[" + ",".join(["[]"] * 500) + "]", "a.json") == [[]] * 500


def test_a_byte_order_mark_carries_nothing() -> None:
    assert parse(b"\xef\xbb\xbf{}", "a.json") == {}


def test_paired_surrogates_and_their_escapes_are_text() -> None:
    assert parse('["\\ud83d\\ude00", "\\\\ud800"]', "a.json") == ["\U0001f600", "\\ud800"]
