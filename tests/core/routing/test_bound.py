"""The bound: exact, and below every routing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traffic import meshes, multicast, unicast

from tempstudio.core.machine import Wafer
from tempstudio.core.routes import ring_topology
from tempstudio.core.routing import Demands, multicast_bound, routing_bound, unicast_bound
from tempstudio.core.routing.arc_program import arc_bound
from tempstudio.core.routing.bound import bound_and_proof
from tempstudio.core.topology import topology_of


@given(st.data())
@settings(max_examples=15)
def test_column_generation_equals_the_program_over_links(data: st.DataObject) -> None:
    """Two formulations that share no code but HiGHS."""
    topology = data.draw(meshes(rows=4, cols=5))
    demands = data.draw(unicast(topology, most=15))
    bound, exact = bound_and_proof(topology, demands)
    assert exact
    assert bound == pytest.approx(arc_bound(topology, demands), rel=1e-6)


@given(st.data())
@settings(max_examples=10)
def test_no_die_can_send_faster_than_its_links(data: st.DataObject) -> None:
    topology = data.draw(meshes(rows=4, cols=4))
    demands = data.draw(unicast(topology, most=10))
    sent = np.bincount(demands.source, weights=demands.bytes, minlength=topology.vertices)
    links = np.bincount(topology.source, minlength=topology.vertices)
    used = sent > 0
    bound = routing_bound(topology, demands)
    assert bound >= np.max(sent[used] / links[used]) * (1 - 1e-9)
    assert bound <= demands.bytes.sum() * (1 + 1e-9)


@pytest.mark.parametrize(("rows", "cols"), [(2, 4), (4, 4), (3, 5), (6, 8)])
def test_all_to_all_is_the_worst_cut(rows: int, cols: int) -> None:
    """SPEC 5's closed form for a mesh."""
    dies = np.arange(rows * cols)
    source, target = np.repeat(dies, len(dies)), np.tile(dies, len(dies))
    moves = source != target
    cut = max(rows * (cols // 2) * -(-cols // 2), cols * (rows // 2) * -(-rows // 2))
    topology = topology_of(Wafer(rows=rows, cols=cols))
    found = unicast_bound(topology, source[moves], target[moves], np.ones(moves.sum()))
    assert found == pytest.approx(cut, rel=1e-9)


@pytest.mark.parametrize("dies", [4, 5, 7])
def test_a_ring_is_used_both_ways(dies: int) -> None:
    """Also where the ring is odd and some steps bring a path neither nearer nor away."""
    topology = ring_topology(dies, 1e9, 0.0)
    assert unicast_bound(topology, [0], [1], [1.0]) == pytest.approx(0.5, rel=1e-9)


@given(st.data())
@settings(max_examples=8)
def test_a_multicast_needs_no_more_than_its_copies(data: st.DataObject) -> None:
    topology = data.draw(meshes(rows=3, cols=4))
    demands = data.draw(multicast(topology, most=3))
    source, target, demand = demands.pairs
    copies = Demands.unicast(source, target, demands.bytes[demand])
    together, apart = routing_bound(topology, demands), routing_bound(topology, copies)
    assert together <= apart * (1 + 1e-6)
    each = [
        unicast_bound(topology, [a], [b], [size])
        for a, b, size in zip(source, target, copies.bytes, strict=True)
    ]
    assert together >= max(each) * (1 - 1e-6)


def test_a_broadcast_is_bounded_by_the_corner() -> None:
    """Every die of a square gets all bytes through two links."""
    everyone = [[1, 2, 3, 4, 5, 6, 7, 8]]
    topology = topology_of(Wafer(rows=3, cols=3))
    assert multicast_bound(topology, [0], everyone, [1.0]) == pytest.approx(0.5, rel=1e-6)


def test_very_many_flows_get_a_lower_bound_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempstudio.core.routing.bound.MOST_FLOWS", 3)
    monkeypatch.setattr("tempstudio.core.routing.bound.LARGEST", 3)
    topology = topology_of(Wafer(rows=4, cols=4))
    rng = np.random.default_rng(1)
    source = rng.integers(0, 16, 30)
    demands = Demands.unicast(source, (source + 3) % 16, np.ones(30))
    bound, exact = bound_and_proof(topology, demands)
    assert not exact
    optimum = arc_bound(topology, demands)
    assert 0.9 * optimum <= bound <= optimum * (1 + 1e-9)
