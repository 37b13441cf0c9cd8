"""Numbers as texts: three digits that read back as the number."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.scene.format import (
    NONE,
    THIN_SPACE,
    byte_count,
    byte_rate,
    change,
    count,
    flop_rate,
    percent,
    plural,
    seconds,
    si,
    split_unit,
    watts,
)

SCALES = {"p": 1e-12, "n": 1e-9, "µ": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9,
          "T": 1e12, "P": 1e15, "E": 1e18, "Z": 1e21, "Y": 1e24}  # fmt: skip
amounts = st.floats(1e-12, 9e26) | st.floats(-9e26, -1e-12)


def read_back(text: str, unit: str) -> float:
    number, shown = text.replace("−", "-").split(THIN_SPACE)
    assert shown.endswith(unit)
    return float(number) * SCALES[shown[: len(shown) - len(unit)]]


@given(amounts)
def test_a_quantity_reads_back_to_three_digits(value: float) -> None:
    assert math.isclose(read_back(si(value, "W"), "W"), value, rel_tol=0.00501)


@given(amounts)
def test_a_quantity_has_three_significant_digits_and_no_exponent(value: float) -> None:
    number, _ = split_unit(si(value, "W"))
    assert re.fullmatch(r"−?\d{1,3}(\.\d{1,2})?", number)
    assert len(number.strip("−").replace(".", "").lstrip("0")) in (1, 2, 3)
    assert 1 <= abs(float(number.replace("−", "-"))) < 1000


@given(st.floats(0, 1e25))
def test_bytes_never_take_a_prefix_below_one(value: float) -> None:
    assert split_unit(byte_count(value))[1] in {f"{prefix}B" for prefix in "kMGTPEZY"} | {"B"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (seconds(0.0123), "12.3 ms"),
        (byte_rate(1.21e12), "1.21 TB/s"),
        (byte_count(72e9), "72.0 GB"),
        (byte_count(0), "0 B"),
        (flop_rate(1.8e15), "1.80 PFLOP/s"),
        (watts(21_600), "21.6 kW"),
        (seconds(0.9996), "1.00 s"),
        (seconds(59.96), "1 min"),
        (seconds(3600), "1 h"),
        (seconds(200e-9), "200 ns"),
        (percent(0.9999), "100 %"),
        (percent(0.00004), "< 0.01 %"),
        (percent(1.15), "115 %"),
        (change(2.0, 2.46), "+23.0 %"),
    ],
)
def test_texts_as_they_are_printed(text: str, expected: str) -> None:
    assert text.replace(THIN_SPACE, " ") == expected


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_a_dash(value: float) -> None:
    assert {si(value, "W"), seconds(value), percent(value), count(value)} == {NONE}


@given(st.floats(0, 1e9))
def test_durations_grow_with_their_text(value: float) -> None:
    """From a minute on a duration is told in whole units and at most rounds down by one of them."""
    units = {"d": 86400, "h": 3600, "min": 60, "s": 1, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9,
             "ps": 1e-12}  # fmt: skip
    parts = [part.split(THIN_SPACE) for part in seconds(value).split(" ")]
    told = sum(float(number) * units[unit] for number, unit in parts)
    finest = min(units[unit] for _, unit in parts)
    coarse = 60 * finest if value >= 60 else 0.005 * value
    assert abs(told - value) <= max(coarse, 0.005 * value, 1e-12)


@given(st.integers(0, 9999))
def test_small_counts_are_exact(value: int) -> None:
    assert int(count(value).replace(",", "")) == value


@given(st.integers(0, 3))
def test_one_is_singular(number: int) -> None:
    assert plural(number, "die").endswith("die") == (number == 1)
