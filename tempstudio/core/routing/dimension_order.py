"""Routes along the row and then the column (XY), or the other way round (YX)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.routing.adjacency import adjacency_of
from tempstudio.core.routing.demands import Demands
from tempstudio.core.routing.reach import checked_hops
from tempstudio.core.routing.routes import Routing
from tempstudio.core.topology import Topology


def xy_routing(topology: Topology, demands: Demands, *, row_first: bool = True) -> Routing:
    """Every flow along the row, then along the column; a shortest live path where a fault is.

    `row_first=False`: the column first (YX).  A multicast takes one tree, the union of its targets'
    paths.  `NoPlanError` where a target cannot be reached.

    >>> from tempstudio.core.machine import Wafer
    >>> from tempstudio.core.topology import topology_of
    >>> across = Demands.unicast([0], [15], [1.0])
    >>> xy_routing(topology_of(Wafer(rows=4, cols=4)), across).hops.tolist()
    [6]
    """
    from tempstudio.core.routing.kernels import straight_paths

    net = adjacency_of(topology)
    source, target, demand = demands.pairs
    hops = checked_hops(topology, demands)
    start = np.concatenate([[0], np.cumsum(hops, dtype=np.int64)])
    link = np.zeros(int(start[-1]), dtype=np.int32)
    ways = _ways(topology, source, target, row_first)
    straight_paths(net, source, target, ways, start, link)
    if not demands.is_unicast:
        demand, start, link = _trees(demands, demand, start, link, net.head)
    return Routing.of(demands, demand, np.ones(len(demand)), start, link, net)


def _ways(
    topology: Topology, source: NDArray[np.int32], target: NDArray[np.int32], row_first: bool
) -> NDArray[np.int32]:
    """Direction and number of the first and of the second run's steps [flows, 4]."""
    if len(topology.places) < topology.vertices:  # a cluster: nothing is straight there
        return np.full((len(source), 4), -1, dtype=np.int32)
    places = np.array(topology.places, dtype=np.int32)
    rows, cols = (places[target] - places[source]).T
    along = np.stack([np.where(cols > 0, 0, 1), np.abs(cols)], axis=1)
    down = np.stack([np.where(rows > 0, 2, 3), np.abs(rows)], axis=1)
    runs = (along, down) if row_first else (down, along)
    return np.concatenate(runs, axis=1).astype(np.int32)


def _trees(
    demands: Demands,
    demand: NDArray[np.int64],
    start: NDArray[np.int64],
    link: NDArray[np.int32],
    head: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """The paths of each demand united: a vertex reached twice keeps its first way in."""
    trees: list[list[int]] = []
    for number in range(len(demands)):
        entered: set[int] = {int(demands.source[number])}
        tree: list[int] = []
        for pair in np.flatnonzero(demand == number):
            path = link[start[pair] : start[pair + 1]].tolist()
            ends = [int(head[step]) for step in path]
            known = [i for i, vertex in enumerate(ends) if vertex in entered]
            fresh = path[known[-1] + 1 :] if known else path
            tree += fresh
            entered.update(int(head[step]) for step in fresh)
        trees.append(tree)
    lengths = [len(tree) for tree in trees]
    flat = np.array([step for tree in trees for step in tree], dtype=np.int32)
    return np.arange(len(demands)), np.concatenate([[0], np.cumsum(lengths)]), flat
