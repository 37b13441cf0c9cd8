"""The cheapest path that takes few steps away from its target, and straight ones.

Every machine's graph is bipartite, so a step brings a path one hop nearer to its target or one hop
away from it, and a path with `a` steps away is 2a hops longer than the shortest.  (A step that does
neither, as on an odd ring, counts as one away.)  The cheapest path among those with at most `away`
such steps is a dynamic program over (steps away so far, vertex) that visits vertices by falling
distance to the target: no heap, and short flows see only the dies around them.
"""

from __future__ import annotations

from math import inf

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.routing.adjacency import Adjacency
from tempstudio.core.routing.kernels.compilation import compiled
from tempstudio.core.routing.kernels.distances import ball
from tempstudio.core.routing.kernels.state import Floats, Ints, Scratch


@compiled
def spread(net: Adjacency, price: Floats, away: int, source: int, count: int, s: Scratch) -> None:
    """Extend `cost` from the vertices where it is finite to the whole ball."""
    distance, cost = s.distance, s.cost
    for level in range(away + 1):
        for i in range(count - 1, 0, -1):
            here = s.order[i]
            base = cost[level, here]
            if base >= s.floor[here] or not (net.relays[here] or here == source):
                continue  # not reached, or as cheaply with fewer steps away
            s.floor[here] = base
            for j in range(net.out_start[here], net.out_start[here + 1]):
                link = net.out_link[j]
                there = net.head[link]
                if distance[there] < 0:
                    continue
                further = level + (distance[there] >= distance[here])
                if further <= away and base + price[link] < cost[further, there]:
                    cost[further, there] = base + price[link]
                    s.last[further, there] = link


@compiled
def forget(away: int, count: int, s: Scratch) -> None:
    """Make every cost of the ball infinite."""
    for level in range(away + 1):
        for i in range(count):
            s.cost[level, s.order[i]] = inf
    for i in range(count):
        s.floor[s.order[i]] = inf


@compiled
def best_level(away: int, target: int, s: Scratch) -> int:
    """Steps away of the cheapest path to the target."""
    level = 0
    for other in range(1, away + 1):
        if s.cost[other, target] < s.cost[level, target]:
            level = other
    return level


@compiled
def cheapest_path(
    net: Adjacency, price: Floats, away: int, source: int, target: int, count: int, s: Scratch
) -> int:
    """The cheapest path inside the ball of `target`, into `s.path`; returns its length."""
    forget(away, count, s)
    s.cost[0, source] = 0.0
    spread(net, price, away, source, count, s)
    level = best_level(away, target, s)
    length, here = 0, target
    while here != source:
        link = s.last[level, here]
        s.path[length] = link
        length += 1
        before = net.tail[link]
        level -= s.distance[here] >= s.distance[before]
        here = before
    for i in range(length // 2):
        s.path[i], s.path[length - 1 - i] = s.path[length - 1 - i], s.path[i]
    return length


@compiled
def straight_paths(
    net: Adjacency, source: Ints, target: Ints, ways: Ints, start: NDArray[np.int64], link: Ints
) -> None:
    """Two straight runs for each pair, into `link[start[i] : start[i + 1]]`.

    `ways` [pairs, 4]: direction in `net.ahead` and number of steps of either run.  Where a link is
    missing, a shortest live path instead.
    """
    vertices = len(net.relays)
    distance = np.full(vertices, -1, dtype=np.int32)
    order = np.zeros(vertices, dtype=np.int32)
    seen = 0
    for i in range(len(source)):
        here, at = source[i], start[i]
        whole = ways[i, 0] >= 0 and ways[i, 1] + ways[i, 3] == start[i + 1] - start[i]
        for run in range(2):
            for _ in range(ways[i, 2 * run + 1]):
                step = net.ahead[here, ways[i, 2 * run]] if whole else -1
                if step < 0:
                    whole = False
                    break
                link[at] = step
                at += 1
                here = net.head[step]
        if whole:
            continue
        here = source[i]
        seen = ball(net, target[i], start[i + 1] - start[i], distance, order, seen)
        for at in range(start[i], start[i + 1]):
            for j in range(net.out_start[here], net.out_start[here + 1]):
                step = net.out_link[j]
                there = net.head[step]
                if distance[there] >= 0 and distance[there] == distance[here] - 1:
                    break
            link[at] = step
            here = there
