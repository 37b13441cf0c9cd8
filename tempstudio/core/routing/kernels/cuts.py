"""What trees to several targets cost at least, by raising the duals of cuts."""

from __future__ import annotations

from math import inf

import numpy as np

from tempstudio.core.routing.adjacency import Adjacency
from tempstudio.core.routing.kernels.compilation import compiled
from tempstudio.core.routing.kernels.state import Floats, Flows, Ints


@compiled
def tree_bounds(net: Adjacency, price: Floats, flows: Flows, found: Floats) -> None:
    """Raise `found` [flows], for flows of several targets, to what their trees cost at least.

    Every target without a way of spent links from the source has a cut around all that leads to it
    so; the cut's dual is raised until another link is spent (dual ascent: Wong, A dual ascent
    approach for Steiner tree problems on a directed graph, 1984).  The sum of the duals is at most
    the cost of a fractional tree, the y_e >= f_e^t of SPEC 8.
    """
    vertices = len(net.relays)
    inside = np.zeros(vertices, dtype=np.bool_)
    order = np.zeros(vertices, dtype=np.int32)
    for flow in range(len(flows.source)):
        first, end = flows.first[flow], flows.first[flow + 1]
        if end - first < 2:
            continue
        left = price.copy()
        open_targets = flows.target[first:end].copy()
        count, total = len(open_targets), 0.0
        while count > 0:
            i = 0
            while i < count:
                source = flows.source[flow]
                size = _led_from(net, left, source, open_targets[i], inside, order)
                raised = 0.0 if inside[source] else _raise(net, left, source, size, inside, order)
                total += raised
                for j in range(size):
                    inside[order[j]] = False
                if raised > 0.0 and raised < inf:
                    i += 1
                else:
                    count -= 1
                    open_targets[i] = open_targets[count]
        found[flow] = max(found[flow], total)


@compiled
def _led_from(
    net: Adjacency, left: Floats, source: int, target: int, inside: np.ndarray, order: Ints
) -> int:
    """Mark all vertices that lead to a target over spent links; returns how many."""
    inside[target] = True
    order[0] = target
    size, i = 1, 0
    while i < size:
        here = order[i]
        i += 1
        for j in range(net.in_start[here], net.in_start[here + 1]):
            link = net.in_link[j]
            before = net.tail[link]
            passes = net.relays[before] or before == source
            if left[link] <= 0.0 and passes and not inside[before]:
                inside[before] = True
                order[size] = before
                size += 1
    return size


@compiled
def _raise(
    net: Adjacency, left: Floats, source: int, size: int, inside: np.ndarray, order: Ints
) -> float:
    """Spend the least that is left of the links into a marked set on all of them."""
    least = inf
    for spend in (False, True):
        for i in range(size):
            here = order[i]
            for j in range(net.in_start[here], net.in_start[here + 1]):
                link = net.in_link[j]
                before = net.tail[link]
                if inside[before] or not (net.relays[before] or before == source):
                    continue
                if spend:
                    left[link] = max(0.0, left[link] - least)
                else:
                    least = min(least, left[link])
        if least == inf:
            break
    return least
