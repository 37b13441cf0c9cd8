"""Flow sets made to be hard, and traffic of others on the links: the same promises hold."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_router import least_within_six
from traffic import assert_valid, meshes, unicast

from tempstudio.core.machine import Wafer
from tempstudio.core.routing import Demands, Routing, route, xy_routing
from tempstudio.core.routing.adjacency import adjacency_of
from tempstudio.core.topology import Topology, topology_of

Ends = tuple[np.ndarray, np.ndarray, np.ndarray]


def hot_spot(dies: np.ndarray) -> Ends:
    """Everybody to one die in the middle."""
    source = np.delete(dies, len(dies) // 2)
    return source, np.full(len(source), dies[len(dies) // 2]), np.ones(len(source))


def transpose(dies: np.ndarray) -> Ends:
    """The k-th die of the first half to the k-th of the other, counted from the far end."""
    return dies, dies[::-1], np.ones(len(dies))


def bit_reversal(dies: np.ndarray) -> Ends:
    bits = max(1, (len(dies) - 1).bit_length())
    place = [int(f"{k:0{bits}b}"[::-1], 2) for k in range(len(dies))]
    pairs = [(k, p) for k, p in enumerate(place) if p < len(dies) and p != k]
    source, target = np.array(pairs or [(0, len(dies) - 1)]).T
    return dies[source], dies[target], np.ones(len(source))


def bisection(dies: np.ndarray) -> Ends:
    half = len(dies) // 2
    return dies[:half], dies[len(dies) - half :], np.linspace(1.0, 3.0, half)


def exchange(dies: np.ndarray) -> Ends:
    """All pairs of every third die."""
    some = dies[::3]
    pairs = np.array([(a, b) for a in some for b in some if a != b])
    return pairs[:, 0], pairs[:, 1], np.ones(len(pairs))


def few_and_huge(dies: np.ndarray) -> Ends:
    """Two flows of a thousand times the bytes of the others, which cross them."""
    source, target, _ = transpose(dies)
    size = np.ones(len(source))
    size[[0, len(size) // 3]] = 1e3
    return source, target, size


MESHES = {
    "6x8": Wafer(),
    "line": Wafer(rows=1, cols=12),
    "odd": Wafer(rows=5, cols=7),
    "sparse": Wafer(rows=6, cols=7, dead_dies=((1, 1), (1, 3), (3, 2), (3, 4), (4, 5), (2, 5))),
    "chain": Wafer(rows=3, cols=4, wafers=2),
}


@pytest.mark.parametrize("name", MESHES)
@pytest.mark.parametrize(
    "pattern", [hot_spot, transpose, bit_reversal, bisection, exchange, few_and_huge]
)
def test_hard_patterns(pattern: Callable[[np.ndarray], Ends], name: str) -> None:
    topology = topology_of(MESHES[name])
    demands = Demands.unicast(*pattern(np.array(topology.components[0])))
    routing = route(topology, demands)
    assert_valid(topology, routing, most=4)
    for row_first in (True, False):
        rival = xy_routing(topology, demands, row_first=row_first)
        assert routing.max_link_bytes <= rival.max_link_bytes * (1 + 1e-9)
    assert routing.max_link_bytes <= 1.05 * least_within_six(topology, demands) * (1 + 1e-9)


def load_beside(topology: Topology, routing: Routing, beside: np.ndarray) -> float:
    return float(((routing.link_bytes + beside) / adjacency_of(topology).capacity).max())


@given(meshes(), st.data())
@settings(max_examples=30, derandomize=True)
def test_others_on_the_links_are_given_way(topology: Topology, data: st.DataObject) -> None:
    demands = data.draw(unicast(topology))
    loads = data.draw(st.lists(st.floats(0.0, 5.0), min_size=1, max_size=8))
    beside = np.resize(np.array(loads), topology.links) * float(demands.bytes.mean())
    routing = route(topology, demands, beside=beside)
    assert_valid(topology, routing, most=4)
    found = load_beside(topology, routing, beside)
    for row_first in (True, False):
        rival = xy_routing(topology, demands, row_first=row_first)
        assert found <= load_beside(topology, rival, beside) * (1 + 1e-9)
    assert found >= routing.bound_bytes * (1 - 1e-9)
    assert found >= beside.max() * (1 - 1e-9)


def test_an_idle_way_round_a_busy_link_is_taken() -> None:
    topology = topology_of(Wafer(rows=2, cols=3))
    beside = np.zeros(topology.links)
    beside[topology.link_ids[0, 1]] = 9.0
    demands = Demands.unicast([0], [2], [1.0])
    routing = route(topology, demands, beside=beside)
    assert load_beside(topology, routing, beside) <= 1.05 * 9.0
    assert load_beside(topology, xy_routing(topology, demands), beside) == 10.0
