"""The pieces: cheapest paths with a limited detour, straight paths, line searches."""

from __future__ import annotations

from itertools import islice, pairwise

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traffic import meshes, unicast

from tempstudio.core.routes import ring_topology
from tempstudio.core.routing import Demands, xy_routing
from tempstudio.core.routing.draft import draft_of
from tempstudio.core.routing.exchange import place_all
from tempstudio.core.routing.kernels import cheapest_route, shift, store
from tempstudio.core.topology import Topology


def cheapest(topology: Topology, demands: Demands, price: np.ndarray, away: int) -> tuple:
    draft = draft_of(topology, demands, 1, away)
    cost = cheapest_route(draft.net, price, draft.flows, draft.slots, 0, away, draft.scratch)
    first = int(draft.slots.start[0] + draft.slots.stride[0])
    return cost, draft.slots.pool[first : first + draft.slots.length[0, 1]].tolist()


def every_path(topology: Topology, demands: Demands, away: int) -> list[list[int]]:
    graph = topology.graph()
    source, target = int(demands.source[0]), int(demands.target[0])
    longest = networkx.shortest_path_length(graph, source, target) + 2 * away
    paths = networkx.all_simple_paths(graph, source, target, cutoff=longest)
    return [[topology.link_ids[step] for step in pairwise(path)] for path in islice(paths, 5000)]


@given(st.data(), st.integers(0, 2))
@settings(max_examples=20)
def test_the_cheapest_of_all_paths_within_the_detour(data: st.DataObject, away: int) -> None:
    topology = data.draw(meshes(rows=3, cols=4))
    demands = data.draw(unicast(topology, most=1))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    price = rng.uniform(0.01, 1.0, topology.links)
    cost, links = cheapest(topology, demands, price, away)
    assert cost == pytest.approx(price[links].sum())
    assert links in every_path(topology, demands, away)
    assert cost == pytest.approx(
        min(price[path].sum() for path in every_path(topology, demands, away))
    )


def test_the_long_way_round_an_odd_ring() -> None:
    topology = ring_topology(7, 1e9, 0.0)
    demands = Demands.unicast([0], [3], [1.0])
    price = np.ones(topology.links)
    assert len(cheapest(topology, demands, price, 3)[1]) == 3
    price[topology.link_ids[1, 2]] = 10.0
    assert len(cheapest(topology, demands, price, 3)[1]) == 4


@given(st.data())
@settings(max_examples=20)
def test_straight_paths_are_the_topologys(data: st.DataObject) -> None:
    topology = data.draw(meshes())
    demands = data.draw(unicast(topology))
    for row_first, path in ((True, topology.xy_path), (False, topology.yx_path)):
        routing = xy_routing(topology, demands, row_first=row_first)
        for flow, (a, b) in enumerate(zip(demands.source, demands.target, strict=True)):
            ((fraction, links),) = routing.routes_of(flow)
            expected = path(int(a), int(b))
            assert fraction == 1.0
            assert len(links) == len(expected)
            if not topology.machine.dead_dies and not topology.machine.dead_links:
                assert tuple(links.tolist()) == expected


def priced_sum(draft, hop: float, height: float, beta: float, limit: float) -> float:
    load = draft.load / limit
    return hop * draft.prices.load.sum() + height * limit / beta * np.exp(beta * (load - 1)).sum()


@given(st.data(), st.sampled_from([0.0, 0.3]), st.sampled_from([2.0, 20.0]))
@settings(max_examples=20)
def test_the_line_search_is_exact(data: st.DataObject, hop: float, beta: float) -> None:
    """No other split between the two routes has a smaller priced sum."""
    topology = data.draw(meshes(rows=3, cols=4, faults=1))
    demands = data.draw(unicast(topology, most=6))
    draft = draft_of(topology, demands, 2, 1)
    place_all(draft)
    law = (hop, 1.0, beta, max(draft.max_load, 0.1))
    draft.price(*law)
    steps = every_path(topology, Demands.unicast(*ends_of(draft, 0), [1.0]), 1)
    other = np.array(data.draw(st.sampled_from(steps)), dtype=np.int32)
    store(draft.slots, 0, 1, other, len(other))
    amount = float(draft.slots.amount[0, 0])
    moved = shift(draft.net, draft.slots, draft.prices, 0, 0, 1, False, draft.scratch.mark)
    assert 0.0 <= moved <= amount
    assert not draft.scratch.mark.any()
    best = priced_sum(draft, *law)
    for share in np.linspace(0.0, 1.0, 21):
        draft.slots.amount[0, :2] = amount * (1 - share), amount * share
        draft.settle()
        assert best <= priced_sum(draft, *law) * (1 + 1e-9)


def ends_of(draft, flow: int) -> tuple[list[int], list[int]]:
    return [int(draft.flows.source[flow])], [int(draft.flows.target[draft.flows.first[flow]])]
