"""A load that no routing of some flows can avoid: what must cross a cut, over the cut's links.

A multicast crosses a cut once, however many of its targets lie beyond.  Cuts are single dies,
straight lines and, on meshes of moderate size, rectangles in a corner.  They cost no search, unlike
the linear program of `tempstudio route`, whose bound is never below theirs.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.flows import Flows
from tempstudio.core.machine import Cluster
from tempstudio.core.topology import Topology

LARGEST_CORNERED = 256  # dies of a mesh whose corner rectangles are looked at


def cut_bound(flows: Flows, topology: Topology) -> float:
    """Bytes that the busiest link carries at least, whatever the routes.

    >>> from tempstudio.core.machine import Wafer
    >>> from tempstudio.core.flows import make_flows
    >>> from tempstudio.core.topology import topology_of
    >>> wafer = topology_of(Wafer(rows=2, cols=4))
    >>> cut_bound(make_flows(wafer, [0, 1, 4, 5], [2, 3, 6, 7], 3.0), wafer)
    6.0
    """
    row, target = _pairs(flows)
    apart = flows.source[row] != target
    row, target = row[apart], target[apart]
    bound = 0.0
    left = np.unique(row)
    for ends, amount, links in (
        (flows.source[left], flows.bytes[left], topology.source),
        (target, flows.bytes[row], topology.target),
    ):
        moved = np.bincount(ends, amount, topology.vertices)
        doors = np.bincount(links, minlength=topology.vertices)
        bound = max(bound, float((moved / np.maximum(doors, 1)).max(initial=0.0)))
    inside, doors = _cuts(topology), _doors(topology)
    for side in (inside, ~inside) if len(row) else ():
        crossing = side[:, flows.source[row]] & ~side[:, target]
        once = np.logical_or.reduceat(crossing, np.searchsorted(row, left), axis=1)
        loads = once @ flows.bytes[left]
        bound = max(bound, float((loads / np.maximum(doors, 1)).max(initial=0.0)))
    return bound


def _pairs(flows: Flows) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Row and target die of all that is to arrive: a multicast has several."""
    if not flows.targets:
        return np.arange(len(flows)), flows.target
    row = np.repeat(np.arange(len(flows)), [len(targets) for targets in flows.targets])
    return row, np.array([die for targets in flows.targets for die in targets], dtype=np.int32)


@lru_cache(maxsize=32)
def _cuts(topology: Topology) -> NDArray[np.bool_]:
    """Vertices on one side of each cut [cuts, vertices]."""
    if isinstance(topology.machine, Cluster):
        return np.zeros((0, topology.vertices), dtype=bool)
    place = np.array(topology.places)
    rows, cols = place.max(axis=0) + 1
    above = [place[:, 0] < line for line in range(1, rows)]
    left = [place[:, 1] < line for line in range(1, cols)]
    sides = [*above, *left]
    if len(place) <= LARGEST_CORNERED:
        sides += [(a ^ flip) & b for a in above for b in left for flip in (False, True)]
        sides += [(a ^ flip) & ~b for a in above for b in left for flip in (False, True)]
    return np.array(sides, dtype=bool).reshape(-1, topology.vertices)


@lru_cache(maxsize=32)
def _doors(topology: Topology) -> NDArray[np.int64]:
    """Live links out of each cut's side; as many lead into it."""
    inside = _cuts(topology)
    out: NDArray[np.int64] = (inside[:, topology.source] & ~inside[:, topology.target]).sum(axis=1)
    return out
