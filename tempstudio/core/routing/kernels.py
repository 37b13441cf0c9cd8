"""Compiled inner loops of the router; imported only where they run, because numba takes 0.5 s.

All of them stand in one file on purpose: numba's cache of a function is renewed when the function's
own file changes, not when a file it calls into does.

Every machine's graph is bipartite, so a step brings a path one hop nearer to its target or one hop
away from it, and a path with `a` steps away is 2a hops longer than the shortest.  The cheapest path
among those with at most `away` such steps is a dynamic program over (steps away so far, vertex) that
visits vertices by falling distance to the target: no heap, and short flows see only the dies
around them.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from math import exp, inf, log, sqrt
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from tempstudio.core.routing.adjacency import Adjacency

Function = TypeVar("Function", bound=Callable[..., Any])

STEEPEST = 50.0  # exponents beyond this would only overflow


def compiled(function: Function) -> Function:
    """`numba.njit` with its cache on disk, typed."""
    return cast(Function, numba.njit(cache=True)(function))


class Slots(NamedTuple):
    """The routes under work: flow f has up to `slots` of them, each a run or tree of links.

    Slot k's links are `pool[start[f] + k * stride[f] :][: length[f, k]]`, it carries
    `amount[f, k]` bytes (0: free), and `key[f, k]` tells its set of links from others'.
    """

    start: NDArray[np.int64]
    stride: NDArray[np.int64]
    pool: NDArray[np.int32]
    length: NDArray[np.int32]
    amount: NDArray[np.float64]
    key: NDArray[np.uint64]


class Prices(NamedTuple):
    """Load and price of each link [links]; a price is `hop` + G/c exp(beta (load/(c limit) - 1)).

    It is the gradient of  sum_e hop load_e + G limit/beta exp(beta (load_e/(c_e limit) - 1)).
    `law` holds hop, G, beta, limit; `steep` [links] the second term alone.
    """

    load: NDArray[np.float64]
    price: NDArray[np.float64]
    steep: NDArray[np.float64]
    law: NDArray[np.float64]


class Scratch(NamedTuple):
    """Room to work in, allotted once."""

    distance: NDArray[np.int32]  # [vertices], -1 outside the ball
    order: NDArray[np.int32]  # [vertices], the ball by rising distance
    cost: NDArray[np.float64]  # [away + 1, vertices]
    last: NDArray[np.int32]  # [away + 1, vertices]: link by which the cheapest path comes
    path: NDArray[np.int32]  # the path found
    mark: NDArray[np.int32]  # [links], 0 between uses


@compiled
def link_key(link: int) -> np.uint64:
    """A well mixed number of a link (splitmix64); the key of a route is the sum of its links'."""
    z = np.uint64(link + 1) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@compiled
def reprice(net: Adjacency, prices: Prices, link: int) -> None:
    """Bring one link's price up to date with its load."""
    hop, height, beta, limit = prices.law
    capacity = net.capacity[link]
    slope = beta * (prices.load[link] / (capacity * limit) - 1.0)
    prices.steep[link] = height / capacity * exp(min(STEEPEST, slope))
    prices.price[link] = hop + prices.steep[link]


@compiled
def reprice_all(net: Adjacency, prices: Prices) -> None:
    """Bring all prices up to date."""
    for link in range(len(prices.load)):
        reprice(net, prices, link)


@compiled
def ball(
    net: Adjacency,
    target: int,
    radius: int,
    distance: NDArray[np.int32],
    order: NDArray[np.int32],
    seen: int,
) -> int:
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
def spread(
    net: Adjacency, price: NDArray[np.float64], away: int, source: int, count: int, scratch: Scratch
) -> None:
    """Extend `scratch.cost` from the vertices where it is finite to the whole ball."""
    distance, order, cost, last = scratch.distance, scratch.order, scratch.cost, scratch.last
    for level in range(away + 1):
        for i in range(count - 1, 0, -1):
            here = order[i]
            base = cost[level, here]
            if base == inf or not (net.relays[here] or here == source):
                continue
            for j in range(net.out_start[here], net.out_start[here + 1]):
                link = net.out_link[j]
                there = net.head[link]
                if distance[there] < 0:
                    continue
                further = level + (distance[there] > distance[here])
                if further <= away and base + price[link] < cost[further, there]:
                    cost[further, there] = base + price[link]
                    last[further, there] = link


@compiled
def cheapest_path(
    net: Adjacency,
    price: NDArray[np.float64],
    away: int,
    source: int,
    target: int,
    count: int,
    scratch: Scratch,
) -> tuple[int, float]:
    """The cheapest path inside the ball of `target`, into `scratch.path`; its length and cost."""
    distance, cost, last = scratch.distance, scratch.cost, scratch.last
    for i in range(count):
        for level in range(away + 1):
            cost[level, scratch.order[i]] = inf
    cost[0, source] = 0.0
    spread(net, price, away, source, count, scratch)
    level = 0
    for other in range(1, away + 1):
        if cost[other, target] < cost[level, target]:
            level = other
    found = cost[level, target]
    length = distance[source] + 2 * level
    here = target
    for i in range(length - 1, -1, -1):
        link = last[level, here]
        scratch.path[i] = link
        before = net.tail[link]
        level -= distance[here] > distance[before]
        here = before
    return length, found


@compiled
def place(
    net: Adjacency, slots: Slots, prices: Prices, flow: int, slot: int, amount: float
) -> None:
    """Add `amount` bytes (or take them, negative) along one route and reprice its links."""
    slots.amount[flow, slot] += amount
    first = slots.start[flow] + slot * slots.stride[flow]
    for i in range(first, first + slots.length[flow, slot]):
        link = slots.pool[i]
        prices.load[link] = max(0.0, prices.load[link] + amount)
        reprice(net, prices, link)


@compiled
def shift(
    net: Adjacency,
    slots: Slots,
    prices: Prices,
    flow: int,
    old: int,
    new: int,
    whole: bool,
    mark: NDArray[np.int32],
) -> float:
    """Move bytes from route `old` to `new` of a flow so that the priced sum is least.

    Only links of one route alone change.  With A, B their steep sums and h the difference in hops,
    the optimum solves A z + h - B/z = 0 in z = exp(beta moved/(c limit)), exactly where capacities
    are equal and short of it (so still downhill) where they differ.  `whole`: move all or nothing.
    Returns the bytes moved.
    """
    amount = slots.amount[flow, old]
    hop, _, beta, limit = prices.law
    first_old = slots.start[flow] + old * slots.stride[flow]
    first_new = slots.start[flow] + new * slots.stride[flow]
    end_old = first_old + slots.length[flow, old]
    end_new = first_new + slots.length[flow, new]
    for i in range(first_old, end_old):
        mark[slots.pool[i]] = 1
    rising, capacity = 0.0, inf
    for i in range(first_new, end_new):
        link = slots.pool[i]
        if mark[link] == 1:
            mark[link] = 2
        else:
            rising += prices.steep[link]
            capacity = min(capacity, net.capacity[link])
    falling = 0.0
    for i in range(first_old, end_old):
        link = slots.pool[i]
        if mark[link] == 1:
            falling += prices.steep[link]
            capacity = min(capacity, net.capacity[link])
    hops = hop * (slots.length[flow, new] - slots.length[flow, old])
    per_byte = beta / (limit * capacity)
    if whole:
        power = min(STEEPEST, per_byte * amount)
        change = hops * amount + (
            rising * (exp(power) - 1.0) + falling * (exp(-power) - 1.0)
        ) / per_byte
        moved = amount if change < 0.0 else 0.0
    elif rising + hops >= falling:
        moved = 0.0
    else:
        root = sqrt(hops * hops + 4.0 * rising * falling)
        bottom = hops + root if hops >= 0.0 else 2.0 * rising
        top = 2.0 * falling if hops >= 0.0 else root - hops
        moved = amount
        if bottom > 0.0 and top < bottom * exp(min(STEEPEST, per_byte * amount)):
            moved = min(amount, log(top / bottom) / per_byte)
    if moved > 0.0:
        _move(net, slots, prices, first_old, end_old, first_new, end_new, moved, mark)
        slots.amount[flow, new] += moved
        slots.amount[flow, old] = 0.0 if moved == amount else amount - moved
    for i in range(first_old, end_old):
        mark[slots.pool[i]] = 0
    for i in range(first_new, end_new):
        mark[slots.pool[i]] = 0
    return moved


@compiled
def _move(
    net: Adjacency,
    slots: Slots,
    prices: Prices,
    first_old: int,
    end_old: int,
    first_new: int,
    end_new: int,
    moved: float,
    mark: NDArray[np.int32],
) -> None:
    """Change loads and prices of the links that only one of two routes has (mark 2: both)."""
    for i in range(first_old, end_old):
        link = slots.pool[i]
        if mark[link] == 1:
            prices.load[link] = max(0.0, prices.load[link] - moved)
            reprice(net, prices, link)
    for i in range(first_new, end_new):
        link = slots.pool[i]
        if mark[link] != 2:
            prices.load[link] += moved
            reprice(net, prices, link)
    

@compiled
def route_cost(slots: Slots, price: NDArray[np.float64], flow: int, slot: int) -> float:
    """Sum of the prices along one route."""
    first = slots.start[flow] + slot * slots.stride[flow]
    total = 0.0
    for i in range(first, first + slots.length[flow, slot]):
        total += price[slots.pool[i]]
    return total


@compiled
def store(slots: Slots, flow: int, slot: int, path: NDArray[np.int32], length: int) -> None:
    """Write a route's links into a slot."""
    first = slots.start[flow] + slot * slots.stride[flow]
    key = np.uint64(0)
    for i in range(length):
        slots.pool[first + i] = path[i]
        key += link_key(path[i])
    slots.length[flow, slot] = length
    slots.key[flow, slot] = key


@compiled
def offer(
    net: Adjacency, slots: Slots, prices: Prices, flow: int, most: int, length: int, scratch: Scratch
) -> None:
    """Offer the route in `scratch.path` to a flow that may use `most` routes.

    The last slot of `slots` is where a route waits that can only replace another one whole.
    """
    waiting = slots.amount.shape[1] - 1
    store(slots, flow, waiting, scratch.path, length)
    best, free = -1, -1
    for slot in range(most):
        if slots.amount[flow, slot] <= 0.0:
            free = slot
        elif slots.key[flow, slot] == slots.key[flow, waiting]:
            best = slot
    if best < 0 and free >= 0:
        store(slots, flow, free, scratch.path, length)
        best = free
    if best < 0:
        best = _replace(net, slots, prices, flow, most, length, scratch)
    if best >= 0:
        for slot in range(most):
            if slot != best and slots.amount[flow, slot] > 0.0:
                shift(net, slots, prices, flow, slot, best, False, scratch.mark)


@compiled
def _replace(
    net: Adjacency, slots: Slots, prices: Prices, flow: int, most: int, length: int, scratch: Scratch
) -> int:
    """Give up one route for the waiting one where that lowers the priced sum; its slot, or -1."""
    waiting = slots.amount.shape[1] - 1
    for slot in np.argsort(slots.amount[flow, :most]):
        if shift(net, slots, prices, flow, slot, waiting, True, scratch.mark) > 0.0:
            store(slots, flow, slot, scratch.path, length)
            slots.amount[flow, slot] = slots.amount[flow, waiting]
            slots.amount[flow, waiting] = 0.0
            return int(slot)
    return -1


@compiled
def sweep(
    net: Adjacency,
    slots: Slots,
    prices: Prices,
    source: NDArray[np.int32],
    target: NDArray[np.int32],
    amount: NDArray[np.float64],
    hops: NDArray[np.int32],
    order: NDArray[np.int64],
    away: int,
    most: int,
    scratch: Scratch,
) -> float:
    """Offer every flow its cheapest path once; flows of one target stand together in `order`.

    A flow that has no route yet takes the path whole.  Returns the sum over flows of bytes x cost
    of their cheapest paths, from which a lower bound on the load follows.
    """
    seen, total = 0, 0.0
    for i in range(len(order)):
        flow = order[i]
        if i == 0 or target[flow] != target[order[i - 1]]:
            radius, j = 0, i
            while j < len(order) and target[order[j]] == target[flow]:
                radius = max(radius, hops[order[j]])
                j += 1
            seen = ball(net, target[flow], radius + away, scratch.distance, scratch.order, seen)
        length, cost = cheapest_path(
            net, prices.price, away, source[flow], target[flow], seen, scratch
        )
        total += amount[flow] * cost
        if slots.length[flow, 0] < 0:
            store(slots, flow, 0, scratch.path, length)
            place(net, slots, prices, flow, 0, amount[flow])
        else:
            offer(net, slots, prices, flow, most, length, scratch)
    for i in range(seen):
        scratch.distance[scratch.order[i]] = -1
    return total


@compiled
def confine(
    net: Adjacency, slots: Slots, prices: Prices, most: int, scratch: Scratch
) -> int:
    """Leave every flow at most `most` routes, its largest ones; returns how many routes went."""
    gone = 0
    waiting = slots.amount.shape[1] - 1
    for flow in range(slots.amount.shape[0]):
        falling = np.argsort(-slots.amount[flow])
        if np.max(slots.amount[flow, most:]) <= 0.0:
            continue
        for rank in range(most):
            # slot `rank` receives the rank-th largest route; what stood there goes to its place
            other = falling[rank]
            if other != rank:
                _swap(slots, flow, rank, other)
                for later in range(rank + 1, most):
                    if falling[later] == rank:
                        falling[later] = other
        for slot in range(most, waiting):
            if slots.amount[flow, slot] > 0.0:
                gone += 1
                for kept in range(most):
                    shift(net, slots, prices, flow, slot, kept, False, scratch.mark)
                if slots.amount[flow, slot] > 0.0:
                    least = 0
                    for kept in range(1, most):
                        if route_cost(slots, prices.price, flow, kept) < route_cost(
                            slots, prices.price, flow, least
                        ):
                            least = kept
                    amount = slots.amount[flow, slot]
                    place(net, slots, prices, flow, slot, -amount)
                    slots.amount[flow, slot] = 0.0
                    place(net, slots, prices, flow, least, amount)
    return gone


@compiled
def _swap(slots: Slots, flow: int, one: int, other: int) -> None:
    """Exchange two slots of a flow."""
    a = slots.start[flow] + one * slots.stride[flow]
    b = slots.start[flow] + other * slots.stride[flow]
    for i in range(slots.stride[flow]):
        slots.pool[a + i], slots.pool[b + i] = slots.pool[b + i], slots.pool[a + i]
    length, amount, key = (
        slots.length[flow, one], slots.amount[flow, one], slots.key[flow, one]
    )
    slots.length[flow, one] = slots.length[flow, other]
    slots.amount[flow, one] = slots.amount[flow, other]
    slots.key[flow, one] = slots.key[flow, other]
    slots.length[flow, other], slots.amount[flow, other], slots.key[flow, other] = (
        length, amount, key
    )


@compiled
def priced_distance(
    net: Adjacency,
    price: NDArray[np.float64],
    source: NDArray[np.int32],
    target: NDArray[np.int32],
    amount: NDArray[np.float64],
) -> float:
    """Sum over flows of bytes x cost of the cheapest path of any length; sources stand together."""
    total = 0.0
    vertices = len(net.out_start) - 1
    distance = np.full(vertices, inf)
    done = np.zeros(vertices, dtype=np.bool_)
    wanted = np.zeros(vertices, dtype=np.bool_)
    first = 0
    while first < len(source):
        start, end, left = source[first], first, 0
        distance[:] = inf
        done[:] = False
        while end < len(source) and source[end] == start:
            if not wanted[target[end]]:
                wanted[target[end]] = True
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
        for i in range(first, end):
            wanted[target[i]] = False
            total += amount[i] * distance[target[i]]
        first = end
    return total
