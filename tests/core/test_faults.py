"""Drawn faults repeat and nest; yields follow their published forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.core.errors import InputError
from tempstudio.core.faults import YIELD_MODELS, die_yield, random_faults
from tempstudio.core.machine import Wafer


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 1000))
def test_more_faults_at_a_higher_rate_and_the_same_at_the_same(
    low: float, high: float, seed: int
) -> None:
    low, high = sorted((low, high))
    wafer = Wafer(rows=5, cols=6)
    few, many = (random_faults(wafer, rate, rate, seed) for rate in (low, high))
    assert set(few.dead_dies) <= set(many.dead_dies)
    assert set(few.dead_links) <= set(many.dead_links)
    assert random_faults(wafer, low, low, seed) == few


def test_rates_are_met_on_average() -> None:
    wafer = Wafer(rows=10, cols=10)
    dead = [100 - random_faults(wafer, 0.1, 0.0, seed).alive_count for seed in range(200)]
    assert np.mean(dead) == pytest.approx(10, abs=1)
    links = [len(random_faults(wafer, 0.0, 0.05, seed).dead_links) for seed in range(200)]
    assert np.mean(links) == pytest.approx(180 * 0.05, abs=1)


@given(st.floats(1, 1000), st.floats(0.001, 1), st.sampled_from(YIELD_MODELS))
def test_yield_is_a_probability_that_falls_with_area(
    area: float, density: float, model: str
) -> None:
    here, larger = die_yield(area, density, model), die_yield(2 * area, density, model)
    assert 0 < larger < here < 1
    # Defects that keep together leave more dies whole than ones spread evenly.
    assert die_yield(area, density, "poisson") <= here * (1 + 1e-12)


def test_much_clustering_less_is_poisson() -> None:
    assert die_yield(500, 0.1, clustering=1e9) == pytest.approx(math.exp(-0.5), rel=1e-6)


@pytest.mark.parametrize("rate", [-0.1, 1.1, math.nan])
def test_a_rate_is_a_share(rate: float) -> None:
    with pytest.raises(InputError, match="from 0 to 1"):
        random_faults(Wafer(), rate)
