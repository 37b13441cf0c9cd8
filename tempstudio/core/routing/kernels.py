"""Compiled inner loops of the router; imported only where they run, because numba takes 0.5 s.

All of them stand in one file on purpose: numba renews its cache of a function when the function's
own file changes, not when a file it calls into does.

Every machine's graph is bipartite, so a step brings a path one hop nearer to its target or one hop
away from it, and a path with `a` steps away is 2a hops longer than the shortest.  (A step that does
neither, as on an odd ring, counts as one away.)  The cheapest path among those with at most `away`
such steps is a dynamic program over (steps away so far, vertex) that visits vertices by falling
distance to the target: no heap, and short flows see only the dies around them.
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
Ints = NDArray[np.int32]
Floats = NDArray[np.float64]

NEGLIGIBLE = 1e-4  # price of congestion (about 1 on the hottest link) that nobody need flee
STEEPEST = 50.0  # exponents beyond this would only overflow


def compiled(function: Function) -> Function:
    """`numba.njit` with its cache on disk, typed."""
    return cast(Function, numba.njit(cache=True, error_model="numpy")(function))


class Flows(NamedTuple):
    """What is to be routed: flow f sends `amount[f]` from `source[f]` to each of its targets.

    Its targets are `target[first[f] : first[f + 1]]`, `hops` [targets] away on shortest live paths,
    nearest first.
    """

    source: Ints
    first: NDArray[np.int64]
    target: Ints
    hops: Ints
    amount: Floats


class Slots(NamedTuple):
    """The routes under work: each flow has as many slots, each for one path or tree of links.

    Slot k of flow f holds `pool[start[f] + k * stride[f] :][: length[f, k]]`, carries
    `amount[f, k]` (0: free), and `key[f, k]` tells its set of links from others'.  The last slot
    is where a route waits that can only replace another one whole.
    """

    start: NDArray[np.int64]
    stride: NDArray[np.int64]
    pool: Ints
    length: Ints
    amount: Floats
    key: NDArray[np.uint64]


class Prices(NamedTuple):
    """Load and price of each link [links]; price = hop + G/c exp(beta (load/(c limit) - 1)).

    It is the gradient of  sum_e hop load_e + G limit/beta exp(beta (load_e/(c_e limit) - 1)).
    `law` holds hop, G, beta, limit; `steep` [links] is the second term alone.
    """

    load: Floats
    price: Floats
    steep: Floats
    law: Floats


class Scratch(NamedTuple):
    """Room to work in, allotted once."""

    distance: Ints  # [vertices], -1 outside the ball
    order: Ints  # [vertices], the ball by rising distance
    cost: Floats  # [away + 1, vertices]
    floor: Floats  # [vertices]: least cost with fewer steps away
    last: Ints  # [away + 1, vertices]: link by which the cheapest path comes
    path: Ints  # the route found
    mark: Ints  # [links], 0 between uses
    depth: Ints  # [vertices], -1 outside the tree
    above: Ints  # [vertices]: link by which the tree enters a vertex


@compiled
def reprice(net: Adjacency, prices: Prices, link: int) -> None:
    """Bring one link's price up to date with its load."""
    hop, height, beta, limit = prices.law
    capacity = net.capacity[link]
    slope = beta * (prices.load[link] / (capacity * limit) - 1.0)
    prices.steep[link] = height / capacity * exp(min(STEEPEST, slope))
    prices.price[link] = hop + prices.steep[link]


@compiled
def set_law(
    net: Adjacency, prices: Prices, hop: float, height: float, beta: float, limit: float
) -> None:
    """Price by another law from now on."""
    prices.law[0], prices.law[1], prices.law[2], prices.law[3] = hop, height, beta, limit
    for link in range(len(prices.load)):
        reprice(net, prices, link)


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


@compiled
def route_cost(slots: Slots, price: Floats, flow: int, slot: int) -> float:
    """Sum of the prices along one route."""
    first = slots.start[flow] + slot * slots.stride[flow]
    total = 0.0
    for i in range(first, first + slots.length[flow, slot]):
        total += price[slots.pool[i]]
    return total


@compiled
def place(
    net: Adjacency, slots: Slots, prices: Prices, flow: int, slot: int, amount: float
) -> None:
    """Add an amount (or take it, negative) along one route and reprice its links."""
    slots.amount[flow, slot] += amount
    first = slots.start[flow] + slot * slots.stride[flow]
    for i in range(first, first + slots.length[flow, slot]):
        link = slots.pool[i]
        prices.load[link] = max(0.0, prices.load[link] + amount)
        reprice(net, prices, link)


@compiled
def store(slots: Slots, flow: int, slot: int, path: Ints, length: int) -> None:
    """Write a route's links into a slot; its key is the sum of its links mixed by splitmix64."""
    first = slots.start[flow] + slot * slots.stride[flow]
    key = np.uint64(0)
    for i in range(length):
        slots.pool[first + i] = path[i]
        z = np.uint64(path[i] + 1) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        key += z ^ (z >> np.uint64(31))
    slots.length[flow, slot] = length
    slots.key[flow, slot] = key


@compiled
def copy_slot(slots: Slots, flow: int, old: int, new: int) -> None:
    """Copy one slot of a flow over another."""
    a = slots.start[flow] + old * slots.stride[flow]
    b = slots.start[flow] + new * slots.stride[flow]
    for i in range(slots.length[flow, old]):
        slots.pool[b + i] = slots.pool[a + i]
    slots.length[flow, new] = slots.length[flow, old]
    slots.amount[flow, new] = slots.amount[flow, old]
    slots.key[flow, new] = slots.key[flow, old]


@compiled
def shift(
    net: Adjacency,
    slots: Slots,
    prices: Prices,
    flow: int,
    old: int,
    new: int,
    whole: bool,
    mark: Ints,
) -> float:
    """Move bytes of a flow from route `old` to `new` so that the priced sum is least.

    Only links of one route alone change.  With A, B their steep sums and h the difference in hops,
    the optimum solves A z + h - B/z = 0 in z = exp(beta moved/(c limit)), exactly where capacities
    are equal and short of it (so still downhill) where they differ.  `whole`: move all or nothing.
    Returns the amount moved.
    """
    amount = slots.amount[flow, old]
    hop, _, beta, limit = prices.law
    first_old = slots.start[flow] + old * slots.stride[flow]
    first_new = slots.start[flow] + new * slots.stride[flow]
    end_old = first_old + slots.length[flow, old]
    end_new = first_new + slots.length[flow, new]
    rising, falling, capacity = 0.0, 0.0, inf
    for i in range(first_old, end_old):
        mark[slots.pool[i]] = 1
    for i in range(first_new, end_new):
        link = slots.pool[i]
        if mark[link] == 1:
            mark[link] = 2
        else:
            rising += prices.steep[link]
            capacity = min(capacity, net.capacity[link])
    for i in range(first_old, end_old):
        link = slots.pool[i]
        if mark[link] == 1:
            falling += prices.steep[link]
            capacity = min(capacity, net.capacity[link])
    hops = hop * (slots.length[flow, new] - slots.length[flow, old])
    steepness = beta / (limit * capacity)
    moved = _amount_to_move(amount, hops, rising, falling, steepness, whole)
    if moved > 0.0:
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
        slots.amount[flow, new] += moved
        slots.amount[flow, old] = 0.0 if moved == amount else amount - moved
    for i in range(first_old, end_old):
        mark[slots.pool[i]] = 0
    return moved


@compiled
def _amount_to_move(
    amount: float, hops: float, rising: float, falling: float, steepness: float, whole: bool
) -> float:
    """The step of `shift` in closed form."""
    power = min(STEEPEST, steepness * amount)
    if whole:
        change = rising * (exp(power) - 1.0) + falling * (exp(-power) - 1.0)
        return amount if hops * amount + change / steepness < 0.0 else 0.0
    if rising + hops >= falling:
        return 0.0
    root = sqrt(hops * hops + 4.0 * rising * falling)
    top, bottom = 2.0 * falling, hops + root
    if hops < 0.0:  # the same quotient without cancellation
        top, bottom = root - hops, 2.0 * rising
    if top >= bottom * exp(power):
        return amount
    return min(amount, log(top / bottom) / steepness)


@compiled
def offer(
    net: Adjacency, slots: Slots, prices: Prices, flow: int, most: int, length: int, s: Scratch
) -> None:
    """Offer the route in `s.path` to a flow that may use `most` routes."""
    waiting = slots.amount.shape[1] - 1
    store(slots, flow, waiting, s.path, length)
    best, free = -1, -1
    for slot in range(most):
        if slots.amount[flow, slot] <= 0.0:
            free = slot
        elif slots.key[flow, slot] == slots.key[flow, waiting]:
            best = slot
    if best < 0 and free >= 0:
        copy_slot(slots, flow, waiting, free)
        best = free
    if best < 0:  # no room: give up the least route for it, if that helps
        for slot in np.argsort(slots.amount[flow, :most]):
            if shift(net, slots, prices, flow, slot, waiting, True, s.mark) > 0.0:
                copy_slot(slots, flow, waiting, slot)
                slots.amount[flow, waiting] = 0.0
                best = slot
                break
    if best >= 0:
        for slot in range(most):
            if slot != best and slots.amount[flow, slot] > 0.0:
                shift(net, slots, prices, flow, slot, best, False, s.mark)


@compiled
def idle(flows: Flows, slots: Slots, prices: Prices, flow: int) -> bool:
    """Whether a flow of one target already has routes that nothing could make much cheaper."""
    at = flows.first[flow]
    if flows.first[flow + 1] - at > 1 or slots.length[flow, 0] < 0:
        return False
    least = prices.law[0] * flows.hops[at] + NEGLIGIBLE
    for slot in range(slots.amount.shape[1]):
        if slots.amount[flow, slot] > 0.0 and route_cost(slots, prices.price, flow, slot) > least:
            return False
    return True


@compiled
def sweep(
    net: Adjacency,
    flows: Flows,
    slots: Slots,
    prices: Prices,
    order: NDArray[np.int64],
    away: int,
    most: int,
    s: Scratch,
) -> None:
    """Offer every flow its cheapest route once; a flow that has none yet takes it whole.

    Flows of one target should stand together in `order`: they share its ball.
    """
    seen, last, radius = 0, -1, 0
    for i in range(len(order)):
        flow = order[i]
        at = flows.first[flow]
        if idle(flows, slots, prices, flow):
            continue
        if flows.first[flow + 1] - at > 1:
            for j in range(seen):
                s.distance[s.order[j]] = -1
            seen, last = 0, -1
            length = cheap_tree(net, prices.price, away, flows, flow, s)
        else:
            if flows.target[at] != last or flows.hops[at] + away > radius:
                last = flows.target[at]
                radius, j = 0, i
                while j < len(order) and flows.target[flows.first[order[j]]] == last:
                    radius = max(radius, flows.hops[flows.first[order[j]]] + away)
                    j += 1
                seen = ball(net, last, radius, s.distance, s.order, seen)
            length = cheapest_path(net, prices.price, away, flows.source[flow], last, seen, s)
        if slots.length[flow, 0] < 0:
            store(slots, flow, 0, s.path, length)
            place(net, slots, prices, flow, 0, flows.amount[flow])
        else:
            offer(net, slots, prices, flow, most, length, s)
    for j in range(seen):
        s.distance[s.order[j]] = -1


@compiled
def reroute(
    net: Adjacency,
    flows: Flows,
    slots: Slots,
    prices: Prices,
    order: NDArray[np.int64],
    away: int,
    s: Scratch,
) -> int:
    """Give every flow in turn the one route that raises the priced sum least.

    The priced sum never rises, so sweeps end in a state that no single flow can better.  Returns
    how many routes changed.
    """
    hop, _, beta, limit = prices.law
    uniform = np.min(net.capacity) == np.max(net.capacity)
    step = np.empty(len(prices.price))
    changed, seen = 0, 0
    for flow in order:
        amount = flows.amount[flow]
        settled = slots.amount[flow, 0] > 0.0
        if settled:
            place(net, slots, prices, flow, 0, -amount)
        grown = 1.0  # what the whole step costs over what its first byte does
        for link in range(len(step)):
            if link == 0 or not uniform:
                power = beta * amount / (limit * net.capacity[link])
                grown = (exp(min(STEEPEST, power)) - 1.0) / power
            step[link] = hop + prices.steep[link] * grown
        at = flows.first[flow]
        for j in range(seen):
            s.distance[s.order[j]] = -1
        seen = 0
        if flows.first[flow + 1] - at > 1:
            length = cheap_tree(net, step, away, flows, flow, s)
        else:
            target = flows.target[at]
            seen = ball(net, target, flows.hops[at] + away, s.distance, s.order, seen)
            length = cheapest_path(net, step, away, flows.source[flow], target, seen, s)
        cost = 0.0
        for i in range(length):
            cost += step[s.path[i]]
        if not settled or cost < route_cost(slots, step, flow, 0) * (1.0 - 1e-9):
            store(slots, flow, 0, s.path, length)
            changed += 1
        place(net, slots, prices, flow, 0, amount)
    for j in range(seen):
        s.distance[s.order[j]] = -1
    return changed


@compiled
def confine(net: Adjacency, slots: Slots, prices: Prices, most: int, s: Scratch) -> None:
    """Leave every flow its `most` largest routes; what the others carried is spread over them."""
    waiting = slots.amount.shape[1] - 1
    for flow in range(slots.amount.shape[0]):
        for slot in range(most, waiting):
            if slots.amount[flow, slot] <= 0.0:
                continue
            least = int(np.argmin(slots.amount[flow, :most]))
            if slots.amount[flow, slot] > slots.amount[flow, least]:  # trade places
                copy_slot(slots, flow, least, waiting)
                copy_slot(slots, flow, slot, least)
                copy_slot(slots, flow, waiting, slot)
                slots.amount[flow, waiting] = 0.0
        for slot in range(most, waiting):
            for kept in range(most):
                if slots.amount[flow, slot] > 0.0:
                    shift(net, slots, prices, flow, slot, kept, False, s.mark)
            left = slots.amount[flow, slot]
            if left > 0.0:
                cheap = 0
                for kept in range(1, most):
                    if route_cost(slots, prices.price, flow, kept) < route_cost(
                        slots, prices.price, flow, cheap
                    ):
                        cheap = kept
                place(net, slots, prices, flow, slot, -left)
                slots.amount[flow, slot] = 0.0
                place(net, slots, prices, flow, cheap, left)


@compiled
def cheapest_route(
    net: Adjacency, price: Floats, flows: Flows, slots: Slots, flow: int, away: int, s: Scratch
) -> float:
    """The cheapest route of a flow into its waiting slot; returns its cost."""
    waiting = slots.amount.shape[1] - 1
    at = flows.first[flow]
    if flows.first[flow + 1] - at > 1:
        length = cheap_tree(net, price, away, flows, flow, s)
    else:
        target = flows.target[at]
        seen = ball(net, target, flows.hops[at] + away, s.distance, s.order, 0)
        length = cheapest_path(net, price, away, flows.source[flow], target, seen, s)
        for j in range(seen):
            s.distance[s.order[j]] = -1
    store(slots, flow, waiting, s.path, length)
    return route_cost(slots, price, flow, waiting)


@compiled
def cheapest_routes(
    net: Adjacency, price: Floats, flows: Flows, slots: Slots, away: int, s: Scratch
) -> Floats:
    """The same for all flows: their costs."""
    cost = np.zeros(len(flows.source))
    for flow in range(len(cost)):
        cost[flow] = cheapest_route(net, price, flows, slots, flow, away, s)
    return cost


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
