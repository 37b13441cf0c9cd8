"""Flows of very different sizes, on whole and faulty meshes: the promises of SPEC 8 hold."""

from __future__ import annotations

import numpy as np
import pytest
from families import FAMILIES, drawn, faulty
from test_router import least_within_six
from traffic import assert_valid, shortest

from tempstudio.core.machine import Wafer
from tempstudio.core.routing import route, xy_routing
from tempstudio.core.routing.draft import SHORT, draft_of
from tempstudio.core.routing.exchange import place_all
from tempstudio.core.topology import topology_of

MESHES = {
    "6x8": (Wafer(), 500),
    "6x8 with faults": (faulty(6, 8, 3, seed=1), 500),
    "8x8": (Wafer(rows=8, cols=8), 250),
    "5x7": (Wafer(rows=5, cols=7), 200),
    "5x7 with faults": (faulty(5, 7, 3, seed=2), 120),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("mesh", MESHES)
def test_every_promise_at_once(mesh: str, family: str) -> None:
    wafer, flows = MESHES[mesh]
    topology = topology_of(wafer)
    demands = drawn(family, topology, flows, seed=0)
    routing = route(topology, demands)
    assert_valid(topology, routing, most=4)
    for row_first in (True, False):
        rival = xy_routing(topology, demands, row_first=row_first)
        assert routing.max_link_bytes <= rival.max_link_bytes * (1 + 1e-9)
    least = least_within_six(topology, demands)
    assert routing.bound_bytes <= least * (1 + 1e-9)
    assert routing.max_link_bytes <= 1.05 * least * (1 + 1e-9)
    if not (wafer.dead_dies or wafer.dead_links):
        pairs = zip(demands.source.tolist(), demands.target.tolist(), strict=True)
        hops = np.array([shortest(topology, a, b) for a, b in pairs])
        assert np.all(routing.hops <= hops[routing.demand] + 6)


@pytest.mark.parametrize("wafer", [Wafer(rows=80, cols=95), faulty(80, 95, 40, seed=1)])
def test_great_flows_on_the_largest_mesh(wafer: Wafer) -> None:
    """What the router itself proves is the bound there: what must leave a die, or enter it."""
    topology = topology_of(wafer)
    routing = route(topology, drawn("3 elephants", topology, 300, seed=1))
    assert_valid(topology, routing, most=4)
    assert routing.max_link_bytes <= 1.05 * routing.bound_bytes


def test_an_exchange_never_raises_the_priced_sum() -> None:
    """Also where a flow is many times what a link should carry, and prices are steep."""
    topology = topology_of(Wafer(rows=4, cols=4))
    draft = draft_of(topology, drawn("3 elephants", topology, 40, seed=3), 6, 3)
    place_all(draft)
    for beta in (20.0, 400.0, 800.0):
        limit = draft.max_load
        draft.price(SHORT, 1.0, beta, limit)
        for _ in range(4):
            before = priced_sum(draft.load, beta, limit)
            draft.sweep(3, 4)
            assert priced_sum(draft.load, beta, limit) <= before + 1e-9


def priced_sum(load: np.ndarray, beta: float, limit: float) -> float:
    """The logarithm of the sum that exchanges lower, hops left out."""
    slope = beta * (load / limit - 1.0)
    return float(slope.max() + np.log(np.exp(slope - slope.max()).sum()))
