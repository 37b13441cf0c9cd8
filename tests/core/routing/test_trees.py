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
    RouteOptions,
    merge_copies,
    route,
    route_multicast,
    routing_bound,
    xy_routing,
)
from tempstudio.core.routing.arc_program import arc_bound
from tempstudio.core.routing.draft import draft_of
from tempstudio.core.routing.kernels import cheapest_routes, priced_distances, tree_bounds
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


@given(st.data())
@settings(max_examples=12)
def test_raised_cuts_bound_what_trees_cost(data: st.DataObject) -> None:
    """Under any prices: below the program's fractional tree, above the way to the farthest."""
    topology = data.draw(meshes(rows=3, cols=4))
    demands = data.draw(multicast(topology))
    draft = draft_of(topology, demands, 6, 3)
    weight = np.random.default_rng(data.draw(st.integers(0, 99))).uniform(0.1, 5.0, topology.links)
    draft.raise_bound(weight)
    assert draft.bound * draft.unit <= arc_bound(topology, demands) * (1 + 1e-6)
    farthest = priced_distances(draft.net, weight, draft.flows)
    trees = farthest.copy()
    tree_bounds(draft.net, weight, draft.flows, trees)
    assert (trees >= farthest).all()
    away = draft.away
    heuristic = cheapest_routes(draft.net, weight, draft.flows, draft.slots, away, draft.scratch)
    assert (trees <= heuristic * (1 + 1e-9)).all()  # no tree is cheaper


def group_gathers(rows: int, cols: int, members: int, dead: tuple[int, ...]) -> Demands:
    """Every die of scattered groups sends to all others of its group."""
    alive = [die for die in range(rows * cols) if die not in dead]
    count = len(alive) // members
    groups = [alive[first : count * members : count] for first in range(count)]
    source = [die for group in groups for die in group]
    targets = [[d for d in group if d != die] for group in groups for die in group]
    return Demands.multicast(source, targets, [1.0] * len(source))


@pytest.mark.parametrize(("dead", "members"), [((), 3), ((), 5), ((6,), 3), ((6, 13), 6)])
def test_gathers_of_scattered_groups_near_the_programs_bound(
    dead: tuple[int, ...], members: int
) -> None:
    places = tuple((die // 5, die % 5) for die in dead)
    topology = topology_of(Wafer(rows=4, cols=5, dead_dies=places))
    demands = group_gathers(4, 5, members, dead)
    bound = arc_bound(topology, demands)
    routing = route(topology, demands)
    assert_valid(topology, routing, most=4)
    assert routing.max_link_bytes <= 1.05 * bound * (1 + 1e-6)
    assert 0.98 * bound <= routing.bound_bytes <= bound * (1 + 1e-6)
    tight = route(topology, demands, RouteOptions(within=1.0))
    assert tight.max_link_bytes <= min(1.02 * bound, routing.max_link_bytes * (1 + 1e-9))
    assert tight.byte_hops >= routing.byte_hops * (1 - 1e-9)


def test_a_bound_of_many_targets_is_no_looser_than_what_dies_must_receive() -> None:
    topology = topology_of(Wafer(rows=6, cols=8))
    demands = group_gathers(6, 8, 12, ())
    assert routing_bound(topology, demands) >= 11 / 2 * (1 - 1e-9)  # at a corner
