"""A routing in the making: every flow with several weighted routes, and the price of every link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.routing.adjacency import Adjacency, adjacency_of
from tempstudio.core.routing.demands import Demands
from tempstudio.core.routing.reach import checked_hops
from tempstudio.core.routing.routes import Routing
from tempstudio.core.topology import Topology

if TYPE_CHECKING:
    from tempstudio.core.routing.kernels import Flows, Prices, Scratch, Slots

TRACE = 1e-6  # share of a flow that is not worth a route
SHORT = 1e-6  # price of a hop while load alone counts: idle detours are not worth taking


@dataclass(eq=False)
class Draft:
    """The state that the compiled sweeps work on; amounts are in units of the largest flow.

    `demand` [flows]: the demand that each flow of `flows` is; those that stay on their die are
    left out.  `beside` [links]: what others load the links with, whatever happens here.  `away`:
    steps away from its target that a path may take (half the detour in hops).
    `bound`: the best lower bound on the maximum load so far; `within`: the best one on that of
    routes which take no more steps away than allowed, where it was asked for.
    """

    net: Adjacency
    flows: Flows
    demand: NDArray[np.int64]
    demands: Demands
    unit: float
    slots: Slots
    prices: Prices
    scratch: Scratch
    order: NDArray[np.int64]
    away: int
    beside: NDArray[np.float64]
    bound: float = 0.0
    within: float = 0.0

    @property
    def load(self) -> NDArray[np.float64]:
        """Load of each link over its relative bandwidth [links]."""
        return self.prices.load / self.net.capacity

    @property
    def max_load(self) -> float:
        """Load of the hottest link."""
        return float(self.load.max(initial=0.0))

    @property
    def attainable(self) -> float:
        """The best lower bound on the maximum load of routes that are allowed."""
        return max(self.bound, self.within)

    @property
    def byte_hops(self) -> float:
        """Sum over routes of amount x links."""
        return float(np.sum(self.slots.amount * np.maximum(self.slots.length, 0)))

    def great_flows(self, share: float) -> NDArray[np.int64]:
        """Flows of more than a share of the maximum load."""
        return np.flatnonzero(self.flows.amount > share * self.max_load)

    def price(self, hop: float, height: float, beta: float, limit: float) -> None:
        """Price links by hop + height/c exp(beta (load/(c limit) - 1)) from now on."""
        from tempstudio.core.routing.kernels import set_law

        set_law(self.net, self.prices, hop, height, beta, limit)

    def sweep(self, away: int, most: int, among: NDArray[np.int64] | None = None) -> None:
        """Offer its cheapest route once to every flow in alternating order, or to those `among`."""
        from tempstudio.core.routing.kernels import sweep

        order = self.order if among is None else among
        sweep(self.net, self.flows, self.slots, self.prices, order, away, most, self.scratch)
        if among is None:
            self.order = self.order[::-1].copy()

    def reroute(self, order: NDArray[np.int64], most: int) -> int:
        """Move whole routes, `most` a flow of `order`, to where they cost least; how many moved."""
        from tempstudio.core.routing.kernels import reroute

        return reroute(
            self.net, self.flows, self.slots, self.prices, order, self.away, most, self.scratch
        )

    def confine(self, most: int) -> None:
        """Leave every flow at most `most` routes."""
        from tempstudio.core.routing.kernels import confine

        confine(self.net, self.slots, self.prices, most, self.scratch)

    def raise_bound(self, weight: NDArray[np.float64] | None = None) -> float:
        """Bound the load from below by the duality of linear programs.

        Whatever the link weights w >= 0, no routing has a smaller maximum load than
        (sum_f amount_f dist_w(f) + sum_e beside_e w_e) / sum_e c_e w_e; a multicast counts what its
        tree costs at least.
        """
        if weight is None:
            weight = self.prices.price
        distance = self._least_costs(weight)
        carried = distance @ self.flows.amount + self.beside @ weight
        found = float(carried / (self.net.capacity @ weight))
        self.bound = max(self.bound, found)
        return found

    def _least_costs(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """What no route of each flow costs less than under link weights [flows]."""
        from tempstudio.core.routing.kernels import priced_distances, tree_bounds

        found = priced_distances(self.net, weight, self.flows)
        if not self.demands.is_unicast:
            tree_bounds(self.net, weight, self.flows, found)
        return found

    def raise_attainable(self) -> float:
        """The same of routes that take no more steps away than allowed: what they can attain.

        The cheapest of such trees are not known; multicasts are left to the bound of all.
        """
        if not self.demands.is_unicast:
            return self.attainable
        from tempstudio.core.routing.kernels import cheapest_routes

        weight = self.prices.price
        cost = cheapest_routes(self.net, weight, self.flows, self.slots, self.away, self.scratch)
        carried = cost @ self.flows.amount + self.beside @ weight
        found = float(carried / (self.net.capacity @ weight))
        self.within = max(self.within, found)
        return self.attainable

    def raise_bound_at_ends(self) -> None:
        """The same by what must leave each vertex, or enter it, over the links there."""
        net, flows = self.net, self.flows
        vertices = len(net.relays)
        demand = np.repeat(np.arange(len(flows.source)), np.diff(flows.first))
        for ends, link_ends, amount in (
            (flows.source, net.tail, flows.amount),
            (flows.target, net.head, flows.amount[demand]),
        ):
            bytes_there = np.bincount(ends, amount, vertices)
            bytes_there += np.bincount(link_ends, self.beside, vertices)
            room = np.bincount(link_ends, net.capacity, vertices)
            self.bound = max(self.bound, float(np.max(bytes_there[room > 0] / room[room > 0])))

    def fewest_byte_hops(self) -> float:
        """Lower bound on the byte-hops of any routing, whatever its load."""
        return float(self._least_costs(np.ones(len(self.net.tail))) @ self.flows.amount)

    def least_byte_hops(self, cap: float) -> float:
        """Lower bound on the byte-hops of any routing within `cap`, from the prices as they are."""
        distance = self._least_costs(self.prices.price)
        paid = float((cap * self.net.capacity - self.beside) @ self.prices.steep)
        return float(distance @ self.flows.amount) - paid

    def widen(self, away: int, saved: Slots | None = None) -> None:
        """Let paths take `away` steps away from their targets, from the present or saved routes."""
        old = saved or self.slots
        self.away = away
        self.slots = _slots(self.flows, away, old.amount.shape[1] - 1, len(self.net.relays))
        self.scratch = _scratch(self.net, away)
        width = np.minimum(old.stride, self.slots.stride)
        for flow, slot in np.argwhere(old.length > 0).tolist():
            a = old.start[flow] + slot * old.stride[flow]
            b = self.slots.start[flow] + slot * self.slots.stride[flow]
            self.slots.pool[b : b + width[flow]] = old.pool[a : a + width[flow]]
        self.slots.length[:] = old.length
        self.slots.amount[:] = old.amount
        self.slots.key[:] = old.key
        self.settle()

    def saved(self) -> Slots:
        """A copy of all routes as they are."""
        old = self.slots
        return old._replace(
            pool=old.pool.copy(),
            length=old.length.copy(),
            amount=old.amount.copy(),
            key=old.key.copy(),
        )

    def restore(self, saved: Slots) -> None:
        """Go back to routes saved before, also if those took fewer steps away."""
        if np.array_equal(saved.stride, self.slots.stride):
            self.slots.pool[:] = saved.pool
            self.slots.length[:] = saved.length
            self.slots.amount[:] = saved.amount
            self.slots.key[:] = saved.key
            self.settle()
        else:
            self.widen(self.away, saved)

    def settle(self) -> None:
        """Compute the loads anew from the routes, free of the rounding of many small moves."""
        flow, slot, start, links = self.columns(carrying=True)
        amount = np.repeat(self.slots.amount[flow, slot], np.diff(start))
        loads = np.bincount(links, weights=amount, minlength=len(self.prices.load))
        self.prices.load[:] = loads + self.beside
        self.price(*self.prices.law)

    def columns(
        self, carrying: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        """Flow, slot, start and links of all routes in the slots, or of those in use."""
        used = self.slots.amount > 0 if carrying else self.slots.length > 0
        flow, slot = np.nonzero(used)
        first = self.slots.start[flow] + slot * self.slots.stride[flow]
        length = self.slots.length[flow, slot].astype(np.int64)
        start = np.concatenate([[0], np.cumsum(length)])
        inside = np.arange(start[-1]) - np.repeat(start[:-1], length)
        return flow, slot, start, self.slots.pool[np.repeat(first, length) + inside]

    def routing(self) -> Routing:
        """The routes of all demands, as fractions of their bytes; mere traces are left out."""
        self.slots.amount[self.slots.amount < TRACE * self.flows.amount[:, None]] = 0.0
        flow, slot, start, links = self.columns(carrying=True)
        return Routing.of(
            self.demands,
            self.demand[flow],
            self.slots.amount[flow, slot],
            start,
            links,
            self.net,
        )


def draft_of(
    topology: Topology,
    demands: Demands,
    slots: int,
    away: int,
    beside: NDArray[np.float64] | None = None,
) -> Draft:
    """A draft without routes yet; `NoPlanError` where a target cannot be reached.

    `slots`: routes a flow may hold while it is worked on; `beside` [links]: bytes of others.
    """
    from tempstudio.core.routing.kernels import Flows, Prices

    net = adjacency_of(topology)
    source, target, demand = demands.pairs
    hops = checked_hops(topology, demands)
    moving = np.flatnonzero(hops > 0)
    # Flows stand by source (for Dijkstra), a flow's targets nearest first (for the trees).
    moving = moving[np.lexsort((hops[moving], demand[moving], source[moving]))]
    kept, begin = np.unique(demand[moving], return_index=True)
    by_place = np.argsort(begin)
    kept, begin = kept[by_place], begin[by_place]
    unit = float(demands.bytes.max(initial=0.0)) or 1.0
    flows = Flows(
        source=demands.source[kept],
        first=np.append(begin, len(moving)).astype(np.int64),
        target=target[moving],
        hops=hops[moving],
        amount=demands.bytes[kept] / unit,
    )
    links = len(net.tail)
    others = np.zeros(links) if beside is None else beside / unit
    return Draft(
        net=net,
        flows=flows,
        demand=kept,
        demands=demands,
        unit=unit,
        slots=_slots(flows, away, slots, topology.vertices),
        prices=Prices(others.copy(), np.ones(links), np.ones(links), np.ones(4)),
        scratch=_scratch(net, away),
        order=np.argsort(flows.target[flows.first[:-1]], kind="stable"),
        away=away,
        beside=others,
    )


def _slots(flows: Flows, away: int, slots: int, vertices: int) -> Slots:
    from tempstudio.core.routing.kernels import Slots

    count, room = len(flows.source), slots + 1
    stride = np.zeros(0, dtype=np.int64)
    if count:
        reach = np.add.reduceat(flows.hops.astype(np.int64) + 2 * away, flows.first[:-1])
        stride = np.minimum(reach, max(1, vertices - 1))
    ends = np.cumsum(stride * room)
    return Slots(
        start=(ends - stride * room).astype(np.int64),
        stride=stride,
        pool=np.zeros(int(ends[-1]) if count else 0, dtype=np.int32),
        length=np.full((count, room), -1, dtype=np.int32),
        amount=np.zeros((count, room)),
        key=np.zeros((count, room), dtype=np.uint64),
    )


def _scratch(net: Adjacency, away: int) -> Scratch:
    from tempstudio.core.routing.kernels import Scratch

    vertices = len(net.relays)
    return Scratch(
        distance=np.full(vertices, -1, dtype=np.int32),
        order=np.zeros(vertices, dtype=np.int32),
        cost=np.full((away + 1, vertices), np.inf),
        floor=np.full(vertices, np.inf),
        last=np.zeros((away + 1, vertices), dtype=np.int32),
        path=np.zeros(vertices + 2 * away + 1, dtype=np.int32),
        mark=np.zeros(len(net.tail), dtype=np.int32),
        depth=np.full(vertices, -1, dtype=np.int32),
        above=np.zeros(vertices, dtype=np.int32),
    )
