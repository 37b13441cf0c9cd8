"""Cuts bound the load of the busiest link from below, and are met where nothing is in the way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tempstudio.core.bottleneck import cut_bound
from tempstudio.core.flows import make_flows
from tempstudio.core.machine import Cluster, Wafer
from tempstudio.core.network import link_bytes
from tempstudio.core.routing import Demands, routing_bound
from tempstudio.core.topology import topology_of


@given(st.data(), st.integers(1, 5), st.integers(2, 6))
@settings(max_examples=40)
def test_no_routing_is_below_a_cut(data: st.DataObject, rows: int, cols: int) -> None:
    dead = data.draw(st.lists(st.tuples(st.integers(0, rows - 1), st.integers(0, cols - 1))))
    topology = topology_of(Wafer(rows=rows, cols=cols, dead_dies=tuple(dead[:2])))
    dies = topology.components[0] if topology.components else ()
    if len(dies) < 2:
        return
    ends = data.draw(
        st.lists(st.tuples(st.sampled_from(dies), st.sampled_from(dies)), min_size=1, max_size=12)
    )
    amounts = data.draw(st.lists(st.floats(1.0, 9.0), min_size=len(ends), max_size=len(ends)))
    source, target = np.array(ends).T
    flows = make_flows(topology, source, target, amounts)
    bound = cut_bound(flows, topology)
    assert bound <= link_bytes(flows, topology).max() * (1 + 1e-9)
    least = routing_bound(topology, Demands.unicast(source, target, amounts))
    assert bound <= least * (1 + 1e-6)


@pytest.mark.parametrize(("rows", "cols"), [(4, 4), (6, 8), (2, 5)])
def test_all_to_all_is_the_middle_cut(rows: int, cols: int) -> None:
    topology = topology_of(Wafer(rows=rows, cols=cols))
    pairs = [(a, b) for a in range(rows * cols) for b in range(rows * cols) if a != b]
    flows = make_flows(topology, *np.array(pairs).T, 1.0)
    worst = max(rows * (cols // 2) * -(-cols // 2), cols * (rows // 2) * -(-rows // 2))
    assert cut_bound(flows, topology) == pytest.approx(worst)
    assert link_bytes(flows, topology).max() == pytest.approx(worst)


def test_a_cluster_is_bounded_by_its_ports() -> None:
    topology = topology_of(Cluster(nodes=2, devices_per_node=4))
    flows = make_flows(topology, [0, 1, 2], [3, 3, 3], 2.0)
    assert 0 < cut_bound(flows, topology) <= link_bytes(flows, topology).max()
