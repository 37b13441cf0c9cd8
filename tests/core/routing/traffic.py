"""Random meshes and flows, and what every routing must be."""

from __future__ import annotations

from collections.abc import Sequence

import networkx
import numpy as np
from hypothesis import strategies as st

from tempstudio.core.machine import Wafer
from tempstudio.core.routing import Demands, Routing
from tempstudio.core.topology import Topology, topology_of


@st.composite
def meshes(draw: st.DrawFn, rows: int = 6, cols: int = 8, faults: int = 3) -> Topology:
    """A mesh with at least two dies that reach each other, dead dies and links among the rest."""
    r, c = draw(st.integers(1, rows)), draw(st.integers(2, cols))
    places = [(i, j) for i in range(r) for j in range(c)]
    steps = [((i, j), (i + di, j + dj)) for i, j in places for di, dj in ((0, 1), (1, 0))]
    links = [pair for pair in steps if pair[1][0] < r and pair[1][1] < c]
    dead_links = draw(st.lists(st.sampled_from(links), max_size=faults, unique=True))
    dead_dies = draw(st.lists(st.sampled_from(places), max_size=faults - 1, unique=True))
    topology = topology_of(Wafer(rows=r, cols=c, dead_links=dead_links, dead_dies=dead_dies))
    if not topology.components or len(topology.components[0]) < 2:
        return topology_of(Wafer(rows=r, cols=c))
    return topology


def pairs_of(topology: Topology) -> st.SearchStrategy[tuple[int, int]]:
    """Two different dies of the largest part."""
    dies = st.sampled_from(topology.components[0])
    return st.tuples(dies, dies).filter(lambda pair: pair[0] != pair[1])


@st.composite
def unicast(draw: st.DrawFn, topology: Topology, most: int = 40) -> Demands:
    """Flows of one target each: even, uneven, or of very different sizes."""
    pairs = draw(st.lists(pairs_of(topology), min_size=1, max_size=most))
    sizes = draw(st.sampled_from([st.just(1.0), st.integers(1, 9), st.floats(1e-3, 1e6)]))
    amounts = draw(st.lists(sizes, min_size=len(pairs), max_size=len(pairs)))
    return Demands.unicast([a for a, _ in pairs], [b for _, b in pairs], amounts)


@st.composite
def multicast(draw: st.DrawFn, topology: Topology, most: int = 4) -> Demands:
    """Flows of one to six targets each."""
    dies = st.sampled_from(topology.components[0])
    sources = draw(st.lists(dies, min_size=1, max_size=most))
    targets = [
        draw(st.lists(dies, min_size=1, max_size=6, unique=True).filter(lambda t, s=s: t != [s]))
        for s in sources
    ]
    amounts = [draw(st.integers(1, 5)) for _ in sources]
    return Demands.multicast(sources, targets, amounts)


def shortest(topology: Topology, source: int, target: int) -> int:
    """Links on a shortest live path, by networkx."""
    return int(networkx.shortest_path_length(topology.graph(), source, target))


def assert_valid(topology: Topology, routing: Routing, most: int) -> None:
    """Every demand whole, over at most `most` connected routes of live links without a loop."""
    demands = routing.demands
    whole = np.bincount(routing.demand, weights=routing.fraction, minlength=len(demands))
    np.testing.assert_allclose(whole, 1.0, rtol=1e-12)
    assert routing.fraction.min() > 0
    assert np.bincount(routing.demand).max() <= most
    assert np.all(np.diff(routing.demand) >= 0)
    for demand in range(len(demands)):
        seen = set()
        for _, links in routing.routes_of(demand):
            assert_tree(topology, int(demands.source[demand]), demands.targets_of(demand), links)
            seen.add(frozenset(links.tolist()))
        assert len(seen) == np.count_nonzero(routing.demand == demand)  # no route twice


def assert_tree(
    topology: Topology, source: int, targets: Sequence[int], links: Sequence[int]
) -> None:
    """Links that grow from the source, enter no vertex twice and end in targets only."""
    reached, left = {source}, {source}
    for link in links:
        tail, head = int(topology.source[link]), int(topology.target[link])
        assert tail in reached
        assert head not in reached
        reached.add(head)
        left.discard(tail)
        left.add(head)
    assert set(map(int, targets)) <= reached
    assert left <= set(map(int, targets)) | {source}
