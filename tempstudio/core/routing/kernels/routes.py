"""Routes in slots: their cost, and bytes that move between them."""

from __future__ import annotations

from math import inf, log, sqrt

import numpy as np

from tempstudio.core.routing.adjacency import Adjacency
from tempstudio.core.routing.kernels.compilation import compiled
from tempstudio.core.routing.kernels.pricing import change, reprice
from tempstudio.core.routing.kernels.state import Floats, Ints, Prices, Slots


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
def unite(slots: Slots, flow: int, slot: int, most: int) -> None:
    """Put what a flow's equal routes carry into one of them, and free the others."""
    for other in range(most):
        same = slots.key[flow, other] == slots.key[flow, slot]
        if other != slot and same and slots.amount[flow, other] > 0.0:
            slots.amount[flow, slot] += slots.amount[flow, other]
            slots.amount[flow, other] = 0.0


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
    if whole:
        rise = 0.0
        for i in range(first_old, end_old):
            if mark[slots.pool[i]] == 1:
                rise += change(net, prices, slots.pool[i], -amount)
        for i in range(first_new, end_new):
            if mark[slots.pool[i]] != 2:
                rise += change(net, prices, slots.pool[i], amount)
        moved = amount if rise < 0.0 else 0.0
    else:
        moved = _amount_to_move(amount, hops, rising, falling, steepness)
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
    amount: float, hops: float, rising: float, falling: float, steepness: float
) -> float:
    """The step of `shift` in closed form."""
    if rising + hops >= falling:
        return 0.0
    root = sqrt(hops * hops + 4.0 * rising * falling)
    top, bottom = 2.0 * falling, hops + root
    if hops < 0.0:  # the same quotient without cancellation
        top, bottom = root - hops, 2.0 * rising
    if bottom <= 0.0:
        return amount
    return min(amount, (log(top) - log(bottom)) / steepness)
