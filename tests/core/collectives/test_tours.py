"""Rings among scattered dies: everybody once, and no hop across the mesh."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.core.collectives import best_collective
from tempstudio.core.collectives.group import group_of
from tempstudio.core.collectives.tours import hops_of, round_trips
from tempstudio.core.machine import Wafer
from tempstudio.core.topology import topology_of

places = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=60, unique=True
)


@given(places)
def test_every_order_visits_every_die_once(where: list[tuple[int, int]]) -> None:
    for order in round_trips(np.array(where, dtype=np.int32)):
        assert sorted(order) == list(range(len(where)))


@pytest.mark.parametrize(("rows", "cols"), [(80, 95), (20, 91), (91, 20), (40, 40)])
def test_no_hop_is_long_on_a_grid_with_holes(rows: int, cols: int) -> None:
    """Every fourth column of every second row, one in twenty missing: a hop is some cells at most;
    a snake through the rows comes back across the whole mesh."""
    chance = np.random.default_rng(rows)
    grid = [(r, c) for r in range(0, rows, 2) for c in range(0, cols, 4)]
    where = np.array([place for place in grid if chance.random() > 0.05], dtype=np.int32)
    best = min(sum(hops_of(where, order)) for order in round_trips(where))
    plain = sum(hops_of(where, tuple(range(len(where)))))
    assert best <= 28
    assert best < 0.5 * plain


def test_a_ragged_group_gathers_without_crossing_the_mesh() -> None:
    """Latency of a ring is that of its longest hop, step after step."""
    wafer = Wafer(rows=24, cols=24, dead_dies=[(4, 4), (12, 8), (20, 16)])
    topology = topology_of(wafer)
    members = [
        topology.die_at[r, c]
        for r in range(0, 24, 2)
        for c in range(0, 24, 4)
        if (r, c) not in wafer.dead_dies
    ]
    group = group_of(tuple(members), topology)
    assert group.lattice is None
    where = np.array([topology.places[die] for die in members], dtype=np.int32)
    order, _ = group.tour
    hops = np.abs(np.diff(where[[*order, order[0]]], axis=0)).sum(axis=1)
    assert hops.max() <= 12
    steps = -(-(len(members) - 1) // 2)
    found = best_collective("reduce-scatter", members, 1.0, topology)
    assert found.time_s <= steps * 12 * wafer.link.latency_s


def test_long_vectors_take_the_order_with_fewer_links() -> None:
    """One of two orders has the shorter steps, the other less to carry; sizes choose."""
    wafer = Wafer(rows=24, cols=24, dead_dies=[(4, 4), (12, 8), (20, 16)])
    topology = topology_of(wafer)
    members = [topology.die_at[r, c] for r in range(0, 24, 6) for c in range(24)]
    members = [die for die in members if die in wafer.alive_ids]
    group = group_of(tuple(members), topology)
    where = np.array([topology.places[die] for die in members], dtype=np.int32)
    assert hops_of(where, group.light_tour)[1] <= hops_of(where, group.tour[0])[1]
    assert hops_of(where, group.light_tour)[0] <= 2 * hops_of(where, group.tour[0])[0]
    small, large = (best_collective("all-gather", members, size, topology) for size in (1.0, 1e12))
    bound = (1 - 1 / len(members)) * 1e12 / (2 * wafer.link.bytes_per_s)
    assert bound <= large.time_s <= 4 * bound
    assert small.time_s < 1e-3 * large.time_s
