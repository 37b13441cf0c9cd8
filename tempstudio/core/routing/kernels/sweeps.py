"""Sweeps over all flows: every one is offered its cheapest route."""

from __future__ import annotations

from math import inf

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.routing.adjacency import Adjacency
from tempstudio.core.routing.kernels.compilation import compiled
from tempstudio.core.routing.kernels.distances import ball
from tempstudio.core.routing.kernels.paths import cheapest_path
from tempstudio.core.routing.kernels.pricing import change
from tempstudio.core.routing.kernels.routes import copy_slot, place, route_cost, shift, store, unite
from tempstudio.core.routing.kernels.state import Floats, Flows, Prices, Scratch, Slots
from tempstudio.core.routing.kernels.trees import cheap_tree

NEGLIGIBLE = 1e-4  # price of congestion (about 1 on the hottest link) that nobody need flee


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
    if best < 0:  # none is worth it: what there is may still be shared better
        best = cheapest_slot(slots, prices, flow, most)
    for slot in range(most):
        if slot != best and slots.amount[flow, slot] > 0.0:
            shift(net, slots, prices, flow, slot, best, False, s.mark)


@compiled
def cheapest_slot(slots: Slots, prices: Prices, flow: int, most: int) -> int:
    """The cheapest of a flow's first `most` routes that carries something."""
    cheap, least = 0, inf
    for slot in range(most):
        if slots.amount[flow, slot] > 0.0:
            cost = route_cost(slots, prices.price, flow, slot)
            if cost < least:
                cheap, least = slot, cost
    return cheap


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
    most: int,
    s: Scratch,
) -> int:
    """Give each of a flow's first `most` routes in turn the path that raises the priced sum least.

    What a route carries moves whole, and routes that come to be the same are united.  The priced
    sum never rises, so sweeps end in a state that no single route can better.  Returns how many
    routes changed.
    """
    step = np.empty(len(prices.price))
    changed, seen = 0, 0
    for flow in order:
        at = flows.first[flow]
        single = flows.first[flow + 1] - at == 1
        for j in range(seen):
            s.distance[s.order[j]] = -1
        seen = 0
        if single:
            radius = flows.hops[at] + away
            seen = ball(net, flows.target[at], radius, s.distance, s.order, seen)
        for slot in range(most):
            amount = slots.amount[flow, slot]
            settled = amount > 0.0
            if settled:
                place(net, slots, prices, flow, slot, -amount)
                slots.amount[flow, slot] = 0.0
            elif slot == 0 and not np.any(slots.amount[flow] > 0.0):
                amount = flows.amount[flow]
            else:
                continue
            if single:
                for i in range(seen):
                    _price_whole(net, prices, s.order[i], amount, step)
                source, target = flows.source[flow], flows.target[at]
                length = cheapest_path(net, step, away, source, target, seen, s)
            else:
                for here in range(len(net.relays)):
                    _price_whole(net, prices, here, amount, step)
                length = cheap_tree(net, step, away, flows, flow, s)
            cost = 0.0
            for i in range(length):
                cost += step[s.path[i]]
            if not settled or cost < route_cost(slots, step, flow, slot) * (1.0 - 1e-9):
                store(slots, flow, slot, s.path, length)
                changed += 1
            place(net, slots, prices, flow, slot, amount)
            unite(slots, flow, slot, most)
    for j in range(seen):
        s.distance[s.order[j]] = -1
    return changed


@compiled
def _price_whole(net: Adjacency, prices: Prices, here: int, amount: float, step: Floats) -> None:
    """Price the links that leave a vertex for an amount that moves whole, over that amount."""
    for i in range(net.out_start[here], net.out_start[here + 1]):
        link = net.out_link[i]
        step[link] = change(net, prices, link, amount) / amount


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
                cheap = cheapest_slot(slots, prices, flow, most)
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
