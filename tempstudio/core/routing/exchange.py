"""Routing by exchanges: sweeps over all flows under prices that steepen as loads settle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tempstudio.core.routing.draft import SHORT, Draft

SETTLED = 1.004  # of the bound: load that is not worth improving
CLOSE = 1.01  # of the bound: load or byte-hops that are not worth a program
FEWEST = 1.003  # of the fewest: byte-hops that are not worth improving
LITTLE = 0.997  # of the byte-hops before: what another round must save where flows are many
MANY = 200
TREE_SWEEPS = 40  # at most, over multicasts with detours: each is a search to every target
LARGE = 1_000_000  # flows times vertices
VAST = 10_000_000
GREAT = 0.05  # of the maximum load: amount of a flow that others have to make room for
CROWD = 0.25  # share of the flows above which great ones are not few
AGAIN = 4  # sweeps over great flows after each over all
STRAIGHTENED = 4  # sweeps over whole routes, at most
ROUNDS = 2  # of rising steepness, the second where the first does not settle

Halt = Callable[[], bool]  # whether time is up


@dataclass(frozen=True, slots=True)
class Effort:
    """Sweeps of each stage, slots of each flow, tries at thinning out; few flows get more of all.

    Few flows are the harder ones: each needs several routes, and what one does is felt by all.
    """

    slots: int
    direct: int
    detours: int
    trims: int
    tries: int
    large: bool

    @classmethod
    def of(cls, flows: int, vertices: int) -> Effort:
        """The effort for a number of flows on a graph."""
        many = max(1, flows)
        patience = 8 + min(16, vertices // 96) if many * vertices < VAST else 8
        return cls(
            slots=int(np.clip(6000 // many, 6, 32)),
            direct=int(np.clip(1500 // many, 6, 24)),
            detours=int(np.clip(4000 // many, patience, 100)),
            trims=int(np.clip(1500 // many, 2, 8)),
            tries=40 if many * vertices < LARGE else 3,
            large=many * vertices >= LARGE,
        )


def place_all(draft: Draft) -> None:
    """Give every flow one shortest route, each seeing those placed before it."""
    flows = draft.flows
    farthest = np.maximum.reduceat(flows.hops, flows.first[:-1])
    average = float(flows.amount @ farthest + draft.beside.sum()) / len(draft.net.tail)
    draft.price(SHORT, 1.0, 2.0, max(average, 1e-3))
    draft.sweep(0, 1)


def relax(draft: Draft, away: int, sweeps: int, steep: float, halt: Halt) -> None:
    """Lower the maximum load, with as many routes a flow as it has slots, until the bound is met.

    Early sweeps see all loads alike (the prices are nearly flat), late ones only the hottest links.
    A few great flows among many settle last: they take more sweeps, on their own.
    """
    slots = draft.slots.amount.shape[1] - 1
    flat = 4.0
    # On large machines a bound costs more than a sweep, and is worth it only now and then.
    every = 4 if len(draft.demand) * len(draft.net.relays) < LARGE else max(4, sweeps // 2 + 1)
    growth = (steep / flat) ** (1.0 / max(1, sweeps - 1))
    for number in range(sweeps):
        beta = flat * growth**number
        draft.price(SHORT, 1.0, beta, draft.max_load)
        draft.sweep(away, slots)
        great = draft.great_flows(GREAT)
        for _ in range(AGAIN if len(great) < CROWD * len(draft.demand) else 0):
            draft.price(SHORT, 1.0, beta, draft.max_load)
            draft.sweep(away, slots, great)
        if number % every == every - 1 or number == sweeps - 1:
            draft.price(SHORT, 1.0, beta, draft.max_load)
            draft.raise_bound()
            if draft.max_load <= SETTLED * draft.bound or halt():
                break


def take_detours(draft: Draft, sweeps: int, halt: Halt) -> None:
    """The same over all paths that the draft allows, from the shortest ones."""
    large = len(draft.demand) * len(draft.net.relays) >= LARGE
    if not draft.demands.is_unicast:
        sweeps = min(sweeps, max(TREE_SWEEPS, 400 // len(draft.demand)))
    for _ in range(1 if large else ROUNDS):
        relax(draft, draft.away, sweeps, 400.0, halt)
        if draft.max_load <= CLOSE * draft.bound or halt():
            break


def settle_few(draft: Draft, away: int, most: int) -> None:
    """Go down to `most` routes a flow and lower the maximum load with those."""
    draft.price(SHORT, 1.0, 200.0, draft.max_load)
    draft.confine(most)
    steepness = (100.0, 200.0, 400.0)
    for beta in steepness if len(draft.demand) > MANY else (25.0, 50.0) + 4 * steepness:
        draft.price(SHORT, 1.0, beta, draft.max_load)
        draft.sweep(away, most)
    draft.settle()


def trim(draft: Draft, cap: float, most: int, sweeps: int, halt: Halt) -> float:
    """Fewer byte-hops with `most` routes a flow while no load exceeds `cap`.

    A price of 1 on every hop, and one that reaches 16 hops where a link is full.  Returns a lower
    bound on the byte-hops under that cap, by duality with those prices.
    """
    draft.price(1.0, 16.0, 50.0, cap)
    draft.confine(most)
    trees = not draft.demands.is_unicast
    least, before = draft.fewest_byte_hops() if trees else 0.0, np.inf
    if trees and draft.max_load <= cap and draft.byte_hops <= FEWEST * least:
        return least
    for beta in (50.0, 100.0, 200.0, 400.0, 800.0):
        for _ in range(sweeps):
            draft.price(1.0, 16.0, beta, cap * (1.0 - 1e-4))
            draft.sweep(draft.away, most)
        least, now = max(least, draft.least_byte_hops(cap)), draft.byte_hops
        idle = (trees or len(draft.demand) > MANY) and now >= LITTLE * before
        if halt() or (draft.max_load <= cap and (now <= FEWEST * least or idle)):
            break
        before = now
    draft.settle()
    return least


def straighten(draft: Draft, cap: float, most: int) -> None:
    """Move whole routes to where they take fewer byte-hops while no load exceeds `cap`.

    Exchanges leave small flows on detours that hardly cost anything; here each moves by itself.
    """
    draft.price(1.0, 64.0, 400.0, cap)
    for _ in range(STRAIGHTENED):
        if not draft.reroute(np.arange(len(draft.demand)), most):
            break
    draft.settle()
