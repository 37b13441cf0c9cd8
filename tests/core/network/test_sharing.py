"""Max-min sharing: the property that defines it, and two kernels that agree to the last bit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tempstudio.core.sharing import fill_with_numba, fill_with_numpy, max_min_rates

KERNELS = {"numpy": lambda: fill_with_numpy, "numba": fill_with_numba}


@st.composite
def sharings(draw):
    """Flows over links: (hop_link, hop_start, weights, capacity, wanted)."""
    links = draw(st.integers(1, 8))
    routes = draw(
        st.lists(st.lists(st.integers(0, links - 1), max_size=5, unique=True), max_size=12)
    )
    weight = st.sampled_from([0.0, 1.0, 1.0, 0.3, 7.0]) | st.floats(1e-6, 1e6)
    weights = draw(st.lists(weight, min_size=len(routes), max_size=len(routes)))
    speed = st.sampled_from([1.0, 4.0]) | st.floats(1e-3, 1e13)
    capacity = draw(st.lists(speed, min_size=links, max_size=links))
    wanted = draw(st.lists(st.booleans(), min_size=len(routes), max_size=len(routes)))
    return (
        np.array([link for route in routes for link in route], dtype=np.int32),
        np.cumsum([0, *map(len, routes)]).astype(np.int32),
        np.array(weights),
        np.array(capacity),
        np.array(wanted, dtype=bool) & (np.array(weights) > 0),
    )


@pytest.mark.parametrize("kernel", KERNELS)
@given(sharing=sharings())
@settings(deadline=None)
def test_every_flow_is_held_by_a_full_link_where_nobody_has_more(kernel, sharing):
    """That is what max-min fair means (Bertsekas and Gallager, 6.5.2)."""
    hop_link, hop_start, weights, capacity, wanted = sharing
    rates = KERNELS[kernel]()(hop_link, hop_start, weights, capacity, wanted)
    routes = [hop_link[a:b] for a, b in pairwise(hop_start)]
    used = np.zeros(len(capacity))
    level = np.zeros(len(capacity))
    for route, rate, weight in zip(routes, rates, weights, strict=True):
        if rate and len(route):
            used[route] += rate
            level[route] = np.maximum(level[route], rate / weight)
    assert (used <= capacity * (1 + 1e-9)).all()
    for route, rate, weight, on in zip(routes, rates, weights, wanted, strict=True):
        if not on:
            assert rate == 0
        elif not len(route):
            assert np.isinf(rate)
        else:
            full = used[route] >= capacity[route] * (1 - 1e-9)
            highest = rate / weight >= level[route] * (1 - 1e-9)
            assert (full & highest).any()


@given(sharing=sharings())
@settings(deadline=None)
def test_both_kernels_give_the_same_bits(sharing):
    numpy_rates, numba_rates = (KERNELS[name]()(*sharing) for name in ("numpy", "numba"))
    assert numpy_rates.tobytes() == numba_rates.tobytes()


def test_inactive_flows_leave_their_share_to_the_others():
    hop_link, hop_start = np.array([0, 0], np.int32), np.array([0, 1, 2], np.int32)
    one, both = np.array([True, False]), np.array([True, True])
    weights, capacity = np.array([1.0, 3.0]), np.array([8.0])
    assert max_min_rates(hop_link, hop_start, weights, capacity, both).tolist() == [2.0, 6.0]
    assert max_min_rates(hop_link, hop_start, weights, capacity, one).tolist() == [8.0, 0.0]
