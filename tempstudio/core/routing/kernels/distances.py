"""Distances to a target: hops inside a ball, and the least sums of weights."""

from __future__ import annotations

import heapq
from math import inf

import numpy as np

from tempstudio.core.routing.adjacency import Adjacency
from tempstudio.core.routing.kernels.compilation import compiled
from tempstudio.core.routing.kernels.state import Floats, Flows, Ints


@compiled
def ball(net: Adjacency, target: int, radius: int, distance: Ints, order: Ints, seen: int) -> int:
    """Hops to `target` of all vertices within `radius`; returns how many stand in `order`.

    `seen`: how many the previous call left there.
    """
    for i in range(seen):
        distance[order[i]] = -1
    distance[target] = 0
    order[0] = target
    count, i = 1, 0
    while i < count:
        here = order[i]
        i += 1
        if distance[here] == radius:
            break
        if here != target and not net.relays[here]:
            continue
        for j in range(net.in_start[here], net.in_start[here + 1]):
            before = net.tail[net.in_link[j]]
            if distance[before] < 0:
                distance[before] = distance[here] + 1
                order[count] = before
                count += 1
    return count


@compiled
def count_hops(net: Adjacency, source: Ints, target: Ints) -> Ints:
    """Hops of a shortest live path from each source to its target, -1 where there is none."""
    vertices = len(net.relays)
    distance = np.full(vertices, -1, dtype=np.int32)
    order = np.zeros(vertices, dtype=np.int32)
    hops = np.zeros(len(source), dtype=np.int32)
    seen, last = 0, -1
    for i in np.argsort(target, kind="mergesort"):
        if target[i] != last:
            seen = ball(net, target[i], vertices, distance, order, seen)
            last = target[i]
        hops[i] = distance[source[i]]
    return hops


@compiled
def priced_distances(net: Adjacency, price: Floats, flows: Flows) -> Floats:
    """Cost of the cheapest path of any length to the farthest target of each flow (Dijkstra).

    Quickest where flows of one source stand together.
    """
    vertices = len(net.relays)
    distance = np.full(vertices, inf)
    done = np.zeros(vertices, dtype=np.bool_)
    wanted = np.zeros(vertices, dtype=np.bool_)
    found = np.zeros(len(flows.source))
    begin = 0
    while begin < len(flows.source):
        start, end, left = flows.source[begin], begin, 0
        distance[:] = inf
        done[:] = False
        while end < len(flows.source) and flows.source[end] == start:
            for i in range(flows.first[end], flows.first[end + 1]):
                if not wanted[flows.target[i]]:
                    wanted[flows.target[i]] = True
                    left += 1
            end += 1
        distance[start] = 0.0
        heap = [(0.0, start)]
        while left > 0 and len(heap) > 0:
            cost, here = heapq.heappop(heap)
            if done[here]:
                continue
            done[here] = True
            if wanted[here]:
                wanted[here] = False
                left -= 1
            if not (net.relays[here] or here == start):
                continue
            for j in range(net.out_start[here], net.out_start[here + 1]):
                link = net.out_link[j]
                there = net.head[link]
                if cost + price[link] < distance[there]:
                    distance[there] = cost + price[link]
                    heapq.heappush(heap, (distance[there], there))
        for flow in range(begin, end):
            for i in range(flows.first[flow], flows.first[flow + 1]):
                wanted[flows.target[i]] = False
                found[flow] = max(found[flow], distance[flows.target[i]])
        begin = end
    return found
