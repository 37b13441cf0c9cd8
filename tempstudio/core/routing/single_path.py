"""One route for every flow: local search under prices that steepen, from many beginnings."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.progress import Progress
from tempstudio.core.routing.draft import SHORT, Draft
from tempstudio.core.routing.exchange import Halt

STEEPNESS = (4.0, 7.0, 12.0, 20.0, 35.0, 60.0, 100.0)
SWEEPS = 40  # at most, at one steepness

Worth = tuple[float, int, float]


def single_paths(
    draft: Draft, within: float, seed: int, starts: int, halt: Halt, progress: Progress
) -> None:
    """Lower the maximum load of a draft with one route a flow, to `within` times its bound.

    Then fewer byte-hops at that load.
    Every sweep gives each flow in turn the route that raises the priced sum least, so it ends where
    no flow alone can do better; then the prices steepen.  Later starts take the flows in another
    order and forget the routes over the hottest links and some others.
    """
    rng = np.random.default_rng(seed)
    floor = max(_floor(draft), within * draft.bound)
    order = np.arange(len(draft.demand))
    kept, best = draft.saved(), _worth(draft)
    for start in range(starts):
        if start:
            order = rng.permutation(order)
            _forget(draft, rng)
        _descend(draft, order)
        if _worth(draft) < best:
            kept, best = draft.saved(), _worth(draft)
        draft.restore(kept)
        progress.step((start + 1) / starts, "moving one route after another")
        if best[0] <= floor or halt():
            break
    cap = max(best[0], within * draft.bound)
    _shorten(draft, order, cap)
    if draft.max_load > cap * (1 + 1e-9) or draft.byte_hops > best[2]:
        draft.restore(kept)


def _worth(draft: Draft) -> Worth:
    """Maximum load, links that have it, byte-hops: the less the better."""
    load, most = draft.load, draft.max_load
    return round(most, 12), int(np.count_nonzero(load > most * (1 - 1e-9))), draft.byte_hops


def _floor(draft: Draft) -> float:
    """Load that no routing with one route a flow can be below: whole flows where all are equal."""
    amount = float(draft.flows.amount[0])
    if np.all(draft.flows.amount == amount):
        return amount * max(1, ceil(draft.bound / amount - 1e-6)) * (1 + 1e-9)
    return max(draft.bound, float(draft.flows.amount.max() / draft.net.capacity.max()))


def _descend(draft: Draft, order: NDArray[np.int64]) -> None:
    for beta in STEEPNESS:
        for _ in range(SWEEPS):
            draft.price(SHORT, 1.0, beta, max(draft.max_load, 1e-9))
            if not draft.reroute(order, 1):
                break


def _shorten(draft: Draft, order: NDArray[np.int64], cap: float) -> None:
    """Fewer byte-hops within a load: a price of 1 on every hop, of 64 hops and more above it."""
    draft.price(1.0, 64.0, 400.0, cap)
    for _ in range(SWEEPS):
        if not draft.reroute(order, 1):
            break


def _forget(draft: Draft, rng: np.random.Generator) -> None:
    """Take off the routes over the hottest links, and every fifth of the others."""
    flow, _, start, links = draft.columns(carrying=True)
    hot = draft.load > draft.max_load * (1 - 1e-9)
    crossing = np.add.reduceat(hot[links], start[:-1]) > 0
    gone = flow[crossing | (rng.random(len(flow)) < 0.2)]
    draft.slots.amount[gone] = 0.0
    draft.slots.length[gone] = -1
    draft.settle()
