"""Cheap trees from a source to several targets."""

from __future__ import annotations

from tempstudio.core.routing.adjacency import Adjacency
from tempstudio.core.routing.kernels.compilation import compiled
from tempstudio.core.routing.kernels.distances import ball
from tempstudio.core.routing.kernels.paths import best_level, forget, spread
from tempstudio.core.routing.kernels.state import Floats, Flows, Scratch


@compiled
def cheap_tree(
    net: Adjacency, price: Floats, away: int, flows: Flows, flow: int, s: Scratch
) -> int:
    """A cheap tree from a source to all its targets, into `s.path`; returns its number of links.

    Targets are joined nearest first, each by the cheapest way from the tree so far that reaches it
    within its shortest hops + 2 `away` (the shortest-path heuristic of Takahashi and Matsuyama,
    1980, with that limit).  A vertex reached with less depth than it had is hung there instead.
    """
    source = flows.source[flow]
    s.depth[:] = -1
    s.depth[source] = 0
    seen = 0
    for i in range(flows.first[flow], flows.first[flow + 1]):
        target = flows.target[i]
        seen = ball(net, target, flows.hops[i] + away, s.distance, s.order, seen)
        forget(away, seen, s)
        for j in range(seen):
            here = s.order[j]
            if s.depth[here] >= 0 and (net.relays[here] or here == source):
                level = (s.depth[here] + s.distance[here] - flows.hops[i] + 1) // 2
                if level <= away:
                    s.cost[level, here] = 0.0
        spread(net, price, away, source, seen, s)
        _graft(net, away, target, flows.hops[i], s)
    for j in range(seen):
        s.distance[s.order[j]] = -1
    return _collect(net, flows, flow, s)


@compiled
def _graft(net: Adjacency, away: int, target: int, hops: int, s: Scratch) -> None:
    """Hang the path found by `spread` on the tree."""
    level = best_level(away, target, s)
    here = target
    while s.cost[level, here] > 0.0:
        link = s.last[level, here]
        depth = hops + 2 * level - s.distance[here]
        s.depth[here] = depth
        s.above[here] = link
        before = net.tail[link]
        level -= s.distance[here] >= s.distance[before]
        here = before


@compiled
def _collect(net: Adjacency, flows: Flows, flow: int, s: Scratch) -> int:
    """The links of the tree that lead to targets, into `s.path`."""
    length = 0
    for i in range(flows.first[flow], flows.first[flow + 1]):
        here = flows.target[i]
        while here != flows.source[flow] and s.mark[s.above[here]] == 0:
            s.mark[s.above[here]] = 1
            s.path[length] = s.above[here]
            length += 1
            here = net.tail[s.above[here]]
    for i in range(length):
        s.mark[s.path[i]] = 0
    return length
