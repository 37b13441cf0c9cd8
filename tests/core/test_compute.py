"""The roofline: tiles, waves of tiles, streams through memory, output that nothing hides."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.core.compute import (
    arithmetic_seconds,
    compute_seconds,
    memory_seconds,
    slowed_seconds,
    tile_efficiency,
)
from tempstudio.core.machine import Die
from tempstudio.core.partition import Work

WAFER = Die()
GPU = Die(
    flop_per_s=312e12,
    hbm_bytes_per_s=2e12,
    peak_efficiency=0.8,
    compute_units=108,
    hbm_efficiency=0.8,
    exposed_output=1.0,
    communication_units=24,
)
sides = st.integers(1, 20_000)


@given(sides, sides, st.sampled_from([1, 16, 108, 132]), st.integers(1, 40))
def test_efficiency_is_a_share_and_whole_waves_waste_nothing(
    rows: int, columns: int, units: int, products: int
) -> None:
    share = tile_efficiency((rows, 64, columns), 128, units, products)
    assert 0 < share <= 1
    whole = (128 * math.ceil(rows / 128), 64, 128 * math.ceil(columns / 128) * units)
    assert tile_efficiency(whole, 128, units, products) == 1


@given(sides, sides)
def test_one_unit_sees_tiles_only(rows: int, columns: int) -> None:
    """SPEC 5's tile quantisation, which wafers have."""
    padded = math.ceil(rows / 128) * math.ceil(columns / 128) * 128 * 128
    share = tile_efficiency((rows, 1, columns), 128)
    assert share == pytest.approx(rows * columns / padded, rel=1e-12)


def test_a_wave_more_for_one_tile_more() -> None:
    """The steps of NVIDIA's guide (DU-09799-001, section 3.2): one tile too many costs a wave."""
    full = tile_efficiency((128 * 9, 64, 128 * 12), 128, units=108)
    assert full == 1
    over = tile_efficiency((128 * 9, 64, 128 * 12 + 1), 128, units=108)
    assert over == pytest.approx(0.5, rel=0.01)


def test_independent_products_fill_the_same_waves() -> None:
    """The heads of an attention run at once: 108 small products are one wave, not 108."""
    assert tile_efficiency((128, 64, 128), 128, units=108, products=108) == 1
    assert tile_efficiency((128, 64, 128), 128, units=108, products=1) == pytest.approx(1 / 108)


def test_the_slower_of_arithmetic_and_memory() -> None:
    work = Work(flop=1e12, hbm_bytes=1e9, tile_shape=(1024, 1024, 1024))
    assert compute_seconds(work, WAFER) == max(1e12 / 1.8e15, 1e9 / 1e12)
    assert compute_seconds(replace(work, hbm_bytes=0.0), WAFER) == 1e12 / 1.8e15
    assert compute_seconds(Work(hbm_bytes=1.6e12), GPU) == pytest.approx(1.0)
    assert compute_seconds(Work(), GPU) == 0


@given(st.floats(0, 1e13), st.floats(0, 1e12), st.floats(0, 1))
def test_exposed_output_adds_to_arithmetic_and_to_nothing_else(
    flop: float, moved: float, share: float
) -> None:
    work = Work(flop, hbm_bytes=moved, output_bytes=share * moved, tile_shape=(4096, 64, 4096))
    took = compute_seconds(work, GPU)
    arithmetic, memory = arithmetic_seconds(work, GPU), memory_seconds(work, GPU)
    assert max(arithmetic, memory) <= took <= arithmetic + memory + 1e-18
    hidden = compute_seconds(work, replace(GPU, exposed_output=0.0))
    assert hidden == max(arithmetic, memory)


@given(st.floats(1e-9, 10), st.floats(0, 10))
def test_compute_beside_communication_is_slower_by_what_it_gives_up(
    alone: float, beside: float
) -> None:
    slower = slowed_seconds(alone, beside, GPU)
    taken = 24 / 108
    assert alone <= slower <= alone / (1 - taken) * (1 + 1e-12)
    # What the units that are left do in that time, and all of them after it, is the whole work.
    together = min(slower, beside)
    assert together * (1 - taken) + (slower - together) == pytest.approx(alone)
    assert slowed_seconds(alone, beside, WAFER) == alone
