"""Figures as people type them, and the texts that stand for them in a form."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.core.device import Die, Link, WaferJoint
from tempstudio.core.errors import InputError
from tempstudio.core.floorplan import WaferArea
from tempstudio.core.typed_quantity import parse_quantity, quantity_text, typed_number

RECORDS = (Die, Link, WaferJoint, WaferArea)
FIELDS = [(record, field) for record in RECORDS for field in dataclasses.fields(record)]


@pytest.mark.parametrize(
    ("record", "name", "text", "value"),
    [
        (Die, "hbm_bytes", "72 GB", 72e9),
        (Die, "hbm_bytes", "96GB", 96e9),
        (Die, "hbm_bytes", "96", 96e9),
        (Die, "hbm_bytes", "0.1 TB", 100e9),
        (Die, "hbm_bytes", "64 GiB", 64 * 2**30),
        (Die, "flop_per_s", "1.8 PFLOPS", 1.8e15),
        (Die, "flop_per_s", "1,800 TFLOP/s", 1.8e15),
        (Die, "flop_per_joule", "2 TFLOPS/W", 2e12),
        (Die, "hbm_joule_per_bit", "6 pJ/bit", 6e-12),
        (Die, "idle_w", "500 mW", 0.5),
        (Die, "peak_efficiency", "85 %", 0.85),
        (Die, "tile", "256", 256),
        (Link, "bytes_per_s", "4 TB/s", 4e12),
        (Link, "bytes_per_s", "32 Tbit/s", 4e12),
        (Link, "latency_s", "200 ns", 200e-9),
        (Link, "latency_s", "0.2 µs", 200e-9),
        (WaferJoint, "latency_s", "1 us", 1e-6),
        (WaferArea, "die_m2", "5 cm²", 500e-6),
        (WaferArea, "edge_m", "21.5 cm", 0.215),
    ],
)
def test_a_figure_with_its_unit_is_taken(record: type, name: str, text: str, value: float) -> None:
    assert parse_quantity(record, name, text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "text", ["", "GB", "72 GQ", "72 GB/s", "72 ns", "1e999", "nan", "-5 GB", "7 2 x"]
)
def test_a_bad_figure_is_one_line_that_names_key_and_unit(text: str) -> None:
    with pytest.raises(InputError) as told:
        parse_quantity(Die, "hbm_bytes", text)
    line = str(told.value)
    assert line.startswith("HBM_GB: found") and "\n" not in line and "GB" in line


def test_a_share_takes_no_unit_but_percent() -> None:
    with pytest.raises(InputError, match="allowed: a plain number or %"):
        parse_quantity(Die, "peak_efficiency", "5 GB")
    with pytest.raises(InputError, match=r"from 0\.001 to 1"):
        parse_quantity(Die, "peak_efficiency", "130 %")


@pytest.mark.parametrize(
    ("record", "field"), FIELDS, ids=[f"{r.__name__}.{f.name}" for r, f in FIELDS]
)
def test_what_a_form_shows_is_typed_back_to_the_same_value(
    record: type, field: dataclasses.Field[object]
) -> None:
    assert parse_quantity(record, field.name, quantity_text(field, field.default)) == field.default


@given(st.floats(1e-3, 9.9e5))
def test_any_capacity_survives_the_form(gigabytes: float) -> None:
    field = Die.__dataclass_fields__["hbm_bytes"]
    value = gigabytes * 1e9
    again = parse_quantity(Die, "hbm_bytes", quantity_text(field, value))
    assert again == pytest.approx(value, rel=1e-5)


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_one_line(text: str) -> None:
    try:
        value = typed_number(text, "GB", "HBM_GB")
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert value == value


def test_defaults_read_as_the_brief_writes_them() -> None:
    shown = {name: quantity_text(Die.__dataclass_fields__[name], getattr(Die(), name)) for name in
             ("flop_per_s", "hbm_bytes", "hbm_bytes_per_s", "sram_bytes")}  # fmt: skip
    assert shown == {"flop_per_s": "1.8 PFLOP/s", "hbm_bytes": "72 GB", "hbm_bytes_per_s": "1 TB/s",
                     "sram_bytes": "80 MB"}  # fmt: skip
    assert quantity_text(Link.__dataclass_fields__["latency_s"], 200e-9) == "200 ns"
