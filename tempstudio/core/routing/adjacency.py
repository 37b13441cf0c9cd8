"""A machine's live links as the flat arrays that the routing kernels walk.

Links keep the numbers of `tempstudio.core.topology.Topology`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.machine import Cluster
from tempstudio.core.topology import Topology


class Adjacency(NamedTuple):
    """Links by their ends, in both directions.

    `tail`, `head` [links]: vertex numbers; `capacity` [links]: bandwidth relative to the machine's
    ordinary link; `out_start` [vertices + 1] and `out_link` [links] list the links that leave a
    vertex, `in_start` and `in_link` those that enter it; `relays` [vertices]: whether traffic of
    others may pass through (dies of a wafer do, devices of a cluster do not, switches do).
    `ahead` [vertices, 4]: the link one column on, one back, one row on, one back, or -1.
    """

    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    capacity: NDArray[np.float64]
    out_start: NDArray[np.int32]
    out_link: NDArray[np.int32]
    in_start: NDArray[np.int32]
    in_link: NDArray[np.int32]
    relays: NDArray[np.bool_]
    ahead: NDArray[np.int32]


def ordinary_bytes_per_s(topology: Topology) -> float:
    """Bandwidth of the machine's ordinary link, against which link loads are stated [B/s]."""
    machine = topology.machine
    link = machine.intra if isinstance(machine, Cluster) else machine.link
    if np.any(topology.bytes_per_s == link.data_bytes_per_s):
        return link.data_bytes_per_s
    return float(topology.bytes_per_s.max(initial=0.0))  # links that are not the machine's own


@lru_cache(maxsize=32)
def adjacency_of(topology: Topology) -> Adjacency:
    """The routing arrays of a topology (cached: topologies are immutable).

    >>> from tempstudio.core.machine import Wafer
    >>> from tempstudio.core.topology import topology_of
    >>> adjacency_of(topology_of(Wafer(rows=2, cols=2))).out_start.tolist()
    [0, 2, 4, 6, 8]
    """
    out_start, out_link = _incidence(topology.source, topology.vertices)
    in_start, in_link = _incidence(topology.target, topology.vertices)
    relays = np.ones(topology.vertices, dtype=np.bool_)
    if isinstance(topology.machine, Cluster):
        relays[: topology.machine.die_count] = False
    return Adjacency(
        tail=topology.source,
        head=topology.target,
        capacity=topology.bytes_per_s / ordinary_bytes_per_s(topology),
        out_start=out_start,
        out_link=out_link,
        in_start=in_start,
        in_link=in_link,
        relays=relays,
        ahead=_ahead(topology),
    )


def _incidence(end: NDArray[np.int32], vertices: int) -> tuple[NDArray[np.int32], ...]:
    start = np.zeros(vertices + 1, dtype=np.int32)
    np.cumsum(np.bincount(end, minlength=vertices), out=start[1:])
    return start, np.argsort(end, kind="stable").astype(np.int32)


def _ahead(topology: Topology) -> NDArray[np.int32]:
    ahead = np.full((topology.vertices, 4), -1, dtype=np.int32)
    if isinstance(topology.machine, Cluster):
        return ahead
    places = np.array(topology.places)
    step = places[topology.target] - places[topology.source]
    for way, (row, col) in enumerate(((0, 1), (0, -1), (1, 0), (-1, 0))):
        links = np.flatnonzero((step[:, 0] == row) & (step[:, 1] == col))
        ahead[topology.source[links], way] = links
    return ahead
