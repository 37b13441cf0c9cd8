"""The table on disk, as CSV and as Parquet."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.sweep.table_file import csv_text, parquet_bytes

NAMES = ["point", "rate", "machine", "fits", "error"]
ROWS = [
    {"point": 0, "rate": 1, "machine": {"rows": 2}, "fits": True, "error": ""},
    {"point": 1, "rate": 0.5, "machine": "auto", "fits": None, "error": 'a "b", c'},
]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), st.text('a,"\n;é '))
def test_numbers_and_texts_come_back_from_csv(values: list[float], text: str) -> None:
    rows = [{"v": value, "t": text} for value in values]
    table = list(csv.DictReader(io.StringIO(csv_text(["v", "t"], rows), newline="")))
    assert [float(row["v"]) for row in table] == values
    assert {row["t"] for row in table} == {text}


def test_parquet_holds_the_same_table() -> None:
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    content = parquet_bytes(NAMES, ROWS)
    assert content is not None
    assert parquet.read_table(io.BytesIO(content)).to_pylist() == [
        {"point": 0, "rate": 1.0, "machine": '{"rows": 2}', "fits": True, "error": ""},
        {"point": 1, "rate": 0.5, "machine": "auto", "fits": None, "error": 'a "b", c'},
    ]
