"""One path a flow: local search, against XY and the fractional bound."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traffic import assert_valid, meshes, multicast, unicast

from tempstudio.core.machine import Wafer
from tempstudio.core.routing import Demands, RouteOptions, route, routing_bound, xy_routing
from tempstudio.core.topology import topology_of

ONE = RouteOptions(single_path=True)
NODE = np.arange(64)


@given(st.data())
@settings(max_examples=15)
def test_one_path_a_flow(data: st.DataObject) -> None:
    topology = data.draw(meshes(rows=4, cols=6))
    kind = data.draw(st.sampled_from([unicast, multicast]))
    demands = data.draw(kind(topology))
    routing = route(topology, demands, ONE)
    assert_valid(topology, routing, most=1)
    for row_first in (True, False):
        rival = xy_routing(topology, demands, row_first=row_first)
        assert routing.max_link_bytes <= rival.max_link_bytes * (1 + 1e-9)


@pytest.mark.parametrize(
    ("target", "xy", "most"),
    [
        (NODE % 8 * 8 + NODE // 8, 7, 3),  # transpose; the fractional bound is 2.2
        ((NODE << 1 & 63) | NODE >> 5, 4, 3),  # shuffle
        (63 - NODE, 4, 4),  # reverse: 4 is the bound
    ],
)
def test_permutations_of_an_8x8_mesh(target: np.ndarray, xy: int, most: int) -> None:
    topology = topology_of(Wafer(rows=8, cols=8))
    demands = Demands.unicast(NODE, target, np.ones(64))
    assert xy_routing(topology, demands).max_link_bytes == xy
    routing = route(topology, demands, ONE)
    assert routing.max_link_bytes <= most
    assert routing.max_link_bytes >= routing_bound(topology, demands)


def test_whole_flows_meet_the_rounded_bound() -> None:
    """Equal flows on single paths load links in whole flows; the rounded bound is often reached."""
    topology = topology_of(Wafer(rows=6, cols=8))
    rng = np.random.default_rng(7)
    source = rng.integers(0, 48, 100)
    target = (source + rng.integers(1, 48, 100)) % 48
    demands = Demands.unicast(source, target, np.ones(100))
    least = int(np.ceil(routing_bound(topology, demands) - 1e-9))
    found = route(topology, demands, ONE).max_link_bytes
    assert least <= found <= least + 1
