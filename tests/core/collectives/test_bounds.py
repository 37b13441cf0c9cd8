"""Bounds of SPEC 5: never beaten by any algorithm, and attained where the SPEC says so."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tempstudio.core.collectives import (
    OPS,
    algorithms,
    best_collective,
    collective_bound,
    collective_report,
    collective_steps,
    steps_time,
)
from tempstudio.core.errors import NoPlanError
from tempstudio.core.machine import Cluster, Link, Wafer
from tempstudio.core.routes import ring_topology
from tempstudio.core.topology import topology_of

LARGE = 1e12
B = 4e12

# rows, cols, then lower bounds in S/B: all-gather, all-reduce, all-to-all, broadcast.  From the
# project's validation cases (cuts after ForestColl, arXiv 2402.06787; Patarasuk and Yuan 2009).
PUBLISHED = [
    (1, 2, 0.5, 1.0, 0.5, 1.0),
    (1, 8, 0.875, 1.0, 2.0, 1.0),
    (2, 2, 0.375, 0.75, 0.5, 0.5),
    (2, 8, 0.46875, 0.681818182, 2.0, 0.5),
    (3, 5, 0.466666667, 0.636363636, 1.2, 0.5),
    (4, 8, 0.484375, 0.596153846, 2.0, 0.5),
    (5, 5, 0.48, 0.6, 1.2, 0.5),
]


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: f"{case[0]}x{case[1]}")
def test_bounds_are_the_published_ones_and_large_vectors_come_within_five_percent(case):
    rows, cols, gather, reduce_all, exchange, broadcast = case
    bounds = {
        "all-gather": gather,
        "reduce-scatter": gather,
        "all-reduce": reduce_all,
        "all-to-all": exchange,
        "broadcast": broadcast,
    }
    for op, bound in bounds.items():
        report = collective_report(op, f"{rows}x{cols}", LARGE)
        assert report["bound_s"] == pytest.approx(bound * LARGE / B)
        assert report["efficiency"] <= 1.0
        if op != "broadcast":
            assert report["efficiency"] >= 0.95


@pytest.mark.parametrize("rows", range(1, 6))
@pytest.mark.parametrize("cols", range(2, 6))
def test_no_algorithm_on_any_rectangle_beats_its_bound(rows, cols):
    topology = topology_of(Wafer(rows=rows, cols=cols))
    dies = range(rows * cols)
    for op in OPS:
        for algorithm in algorithms(op):
            try:
                steps = collective_steps(op, algorithm, dies, LARGE, topology)
            except NoPlanError:
                continue
            bound = collective_bound(op, dies, LARGE, topology)
            assert steps_time(steps, topology) >= bound * (1 - 1e-9)


@st.composite
def any_groups(draw):
    """Dies of a faulty wafer, of a chain of wafers, of a physical ring, or of a cluster."""
    kind = draw(st.sampled_from(["wafer", "chain", "ring", "cluster"]))
    if kind == "ring":
        topology = ring_topology(draw(st.integers(2, 9)), B, 2e-7)
    elif kind == "cluster":
        nodes, devices = draw(st.integers(1, 3)), draw(st.integers(1, 4))
        slow = Link(bytes_per_s=1e11, latency_s=2e-6)
        topology = topology_of(Cluster(nodes=nodes, devices_per_node=devices, inter=slow))
    else:
        rows, cols = draw(st.integers(1, 4)), draw(st.integers(2, 4))
        wafers = 2 if kind == "chain" else 1
        wafer = Wafer(rows=rows, cols=cols, wafers=wafers)
        places = [wafer.coordinate(die) for die in range(wafer.die_count)]
        dead = draw(st.lists(st.sampled_from(places), max_size=2, unique=True))
        dead = dead[: len(places) - 1]
        topology = topology_of(Wafer(rows=rows, cols=cols, wafers=wafers, dead_dies=dead))
    part = topology.components[0]
    some = st.lists(st.sampled_from(part), min_size=1, max_size=9, unique=True)
    return topology, tuple(draw(some | st.just(part)))


@given(any_groups(), st.sampled_from(OPS), st.sampled_from([1.0, 1e5, 1e9]))
@settings(deadline=None, max_examples=60)
def test_the_best_schedule_of_any_group_stays_above_its_bound(case, op, size):
    topology, members = case
    best = best_collective(op, members, size, topology)
    assert best.time_s >= collective_bound(op, members, size, topology) * (1 - 1e-9)
    assert best.time_s == pytest.approx(steps_time(best.steps, topology), rel=1e-9)


@pytest.mark.parametrize("dies", [3, 4, 7, 8])
def test_physical_rings_reach_their_bounds_both_ways_round(dies):
    for op in ("all-gather", "reduce-scatter", "all-to-all"):
        assert collective_report(op, f"ring:{dies}", LARGE)["efficiency"] >= 0.99


@pytest.mark.parametrize(
    ("dead", "all_reduce"),
    # Three faults in a corner leave a string of five dies of two links: no packing of spanning
    # trees is then better than 6/5 a link (Nash-Williams), 0.73 of the bound.
    [([(2, 3)], 0.9), ([(0, 0), (3, 3), (4, 5)], 0.9), ([(1, 1), (1, 2), (2, 1)], 0.69)],
)
def test_groups_round_faults_come_near_their_bounds_too(dead, all_reduce):
    wafer = Wafer(rows=6, cols=8, dead_dies=dead)
    topology = topology_of(wafer)
    for op, least in (("all-gather", 0.95), ("reduce-scatter", 0.95), ("all-reduce", all_reduce)):
        best = best_collective(op, wafer.alive_ids, LARGE, topology)
        efficiency = collective_bound(op, wafer.alive_ids, LARGE, topology) / best.time_s
        assert efficiency >= least


def test_a_cluster_keeps_both_kinds_of_links_busy():
    slow = Link(bytes_per_s=2.5e10, latency_s=2e-6)
    cluster = Cluster(nodes=4, devices_per_node=8, intra=Link(bytes_per_s=3e11), inter=slow)
    topology = topology_of(cluster)
    devices = cluster.alive_ids
    best = best_collective("all-gather", devices, LARGE, topology)
    assert best.algorithm == "hierarchical"
    # Each node's 8 ports to the second switch bring in what the other three nodes hold.
    assert best.time_s == pytest.approx(0.75 * LARGE / (8 * 2.5e10), rel=0.05)
    ring = steps_time(collective_steps("all-gather", "ring", devices, LARGE, topology), topology)
    assert ring > 5 * best.time_s  # one port a node carries all of it
