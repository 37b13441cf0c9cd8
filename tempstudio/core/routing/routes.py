"""The answer of a router: the weighted paths or trees of every demand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.routing.adjacency import Adjacency
from tempstudio.core.routing.demands import Demands


@dataclass(frozen=True, eq=False)
class Routing:
    """Routes in columns, those of one demand together, in the demands' order.

    Route r carries `fraction[r]` of demand `demand[r]` over the links
    `link[start[r] : start[r + 1]]`: a path in order from source to target, or a tree of which
    every link stands after the one it hangs on.  A demand that stays on its die has one route of no
    links.  `bound_bytes`: maximum link load that no routing is below, as far as the router knows.
    """

    demands: Demands
    demand: NDArray[np.int64]
    fraction: NDArray[np.float64]
    start: NDArray[np.int64]
    link: NDArray[np.int32]
    capacity: NDArray[np.float64]  # bandwidth of each link over the ordinary link's [links]
    bound_bytes: float = 0.0

    @classmethod
    def of(
        cls,
        demands: Demands,
        demand: NDArray[np.int64],
        weight: NDArray[np.float64],
        start: NDArray[np.int64],
        link: NDArray[np.int32],
        net: Adjacency,
    ) -> Routing:
        """Routes in any order with weights that are made into fractions; trees are ordered."""
        still = np.setdiff1d(np.arange(len(demands)), demand)
        lengths = np.concatenate([np.diff(start), np.zeros(len(still), dtype=np.int64)])
        begins = np.concatenate([start[:-1], np.full(len(still), start[-1])])
        demand = np.concatenate([demand, still])
        weight = np.concatenate([weight, np.ones(len(still))])
        total = np.bincount(demand, weights=weight, minlength=len(demands))
        order = np.lexsort((-weight, demand))
        demand, weight, lengths = demand[order], weight[order], lengths[order]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        inside = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        links = link[np.repeat(begins[order], lengths) + inside]
        for route in np.flatnonzero(np.diff(demands.target_start)[demand] > 1):
            span = slice(starts[route], starts[route + 1])
            links[span] = _parents_first(links[span], int(demands.source[demand[route]]), net)
        return cls(demands, demand, weight / total[demand], starts, links, net.capacity)

    def __len__(self) -> int:
        return len(self.demand)

    @property
    def hops(self) -> NDArray[np.int64]:
        """Links of each route [routes]."""
        return np.diff(self.start)

    @property
    def route_bytes(self) -> NDArray[np.float64]:
        """Bytes that each route carries [routes]."""
        return self.fraction * self.demands.bytes[self.demand]

    @property
    def link_bytes(self) -> NDArray[np.float64]:
        """Bytes over each link [links]."""
        weight = np.repeat(self.route_bytes, self.hops)
        loads = np.bincount(self.link, weights=weight, minlength=len(self.capacity))
        return loads.astype(np.float64, copy=False)

    @property
    def max_link_bytes(self) -> float:
        """Bytes over the hottest link, where a link of other bandwidth counts as if ordinary."""
        return float(np.max(self.link_bytes / self.capacity, initial=0.0))

    @property
    def byte_hops(self) -> float:
        """Sum over all routes of bytes x links."""
        return float(self.route_bytes @ self.hops)

    def routes_of(self, demand: int) -> Iterator[tuple[float, NDArray[np.int32]]]:
        """(fraction, links) of each route of one demand, the largest first."""
        first, end = np.searchsorted(self.demand, [demand, demand + 1])
        for route in range(first, end):
            yield float(self.fraction[route]), self.link[self.start[route] : self.start[route + 1]]


def _parents_first(links: NDArray[np.int32], source: int, net: Adjacency) -> NDArray[np.int32]:
    """The links of a tree, each after the one it hangs on."""
    below: dict[int, list[int]] = {}
    for link in sorted(links.tolist()):
        below.setdefault(int(net.tail[link]), []).append(link)
    ordered: list[int] = []
    frontier = [source]
    for vertex in frontier:
        for link in below.get(vertex, ()):
            ordered.append(link)
            frontier.append(int(net.head[link]))
    return np.array(ordered, dtype=np.int32)
