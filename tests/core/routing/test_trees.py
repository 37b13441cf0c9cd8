"""Multicast: trees that reach every target, fewer bytes than copies, near their own bound."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traffic import assert_valid, meshes, multicast

from tempstudio.core.machine import Wafer
from tempstudio.core.routing import (
    Demands,
    merge_copies,
    route,
    route_multicast,
    routing_bound,
    xy_routing,
)
from tempstudio.core.topology import topology_of


@given(st.data())
@settings(max_examples=12)
def test_trees_reach_everyone(data: st.DataObject) -> None:
    topology = data.draw(meshes(rows=4, cols=5))
    demands = data.draw(multicast(topology))
    routing = route(topology, demands)
    assert_valid(topology, routing, most=4)
    bound = routing_bound(topology, demands)
    assert routing.max_link_bytes >= bound * (1 - 1e-6)
    assert routing.bound_bytes <= bound * (1 + 1e-6)
    for row_first in (True, False):
        rival = xy_routing(topology, demands, row_first=row_first)
        assert_valid(topology, rival, most=1)
        assert routing.max_link_bytes <= rival.max_link_bytes * (1 + 1e-9)


@pytest.mark.parametrize("targets", [3, 8, 15])
def test_near_the_bound(targets: int) -> None:
    """Random broadcasts on a whole mesh; trees are not promised to attain what coding could."""
    topology = topology_of(Wafer(rows=4, cols=4))
    rng = np.random.default_rng(targets)
    sources = rng.integers(0, 16, 3)
    groups = [rng.permutation(np.delete(np.arange(16), s))[:targets].tolist() for s in sources]
    routing = route_multicast(topology, sources, groups, [1.0, 2.0, 3.0])
    assert routing.max_link_bytes <= 1.06 * routing_bound(topology, routing.demands)


def test_merged_copies_cross_a_link_once() -> None:
    """A corner's tensor for 15 others: one multicast needs an eighth of the copies' load."""
    topology = topology_of(Wafer(rows=4, cols=4))
    copies = Demands.unicast([0] * 15, range(1, 16), [1.0] * 15)
    merged, member = merge_copies(copies, [5] * 15)
    assert (len(merged), member.tolist()) == (1, [0] * 15)
    apart, together = route(topology, copies), route(topology, merged)
    assert apart.max_link_bytes >= 7.5
    assert together.max_link_bytes <= 0.53
    assert together.byte_hops == pytest.approx(15.0)
    assert apart.byte_hops == pytest.approx(48.0)


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 4), min_size=1, max_size=30))
def test_merging_keeps_every_delivery(rows: list[tuple[int, int, int, int]]) -> None:
    source, target, tensor, size = np.array(rows).T
    flows = Demands.unicast(source, target, size + 1.0)
    merged, member = merge_copies(flows, tensor)
    for flow, group in enumerate(member):
        assert merged.source[group] == source[flow]
        assert merged.bytes[group] == flows.bytes[flow]
        assert target[flow] in merged.targets_of(int(group))
    wanted = {(s, k, z, t) for s, t, k, z in rows}
    assert len(merged.target) == len(wanted)
    assert len(merged) == len({(s, k, z) for s, k, z, _ in wanted})
