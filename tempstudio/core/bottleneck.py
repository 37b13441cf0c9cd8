"""A load that no routing of some flows can avoid: what must cross a cut, over the cut's links.

Cuts are single dies, straight lines and, on meshes of moderate size, rectangles in a corner.  They
cost no search, unlike the linear program of `tempstudio route`, whose bound is never below theirs.
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
    bound = 0.0
    for ends, links in ((flows.source, topology.source), (flows.target, topology.target)):
        apart = flows.source != flows.target
        moved = np.bincount(ends[apart], flows.bytes[apart], topology.vertices)
        doors = np.bincount(links, minlength=topology.vertices)
        bound = max(bound, float((moved / np.maximum(doors, 1)).max(initial=0.0)))
    inside = _cuts(topology)
    for source, target in ((flows.source, flows.target), (flows.target, flows.source)):
        crossing = (inside[:, source] & ~inside[:, target]) @ flows.bytes
        doors = _doors(topology)
        bound = max(bound, float((crossing / np.maximum(doors, 1)).max(initial=0.0)))
    return bound


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
