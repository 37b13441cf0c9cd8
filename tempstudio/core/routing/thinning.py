"""Few routes a flow where a few large flows are hard to split: iterated local search.

With all routes they like, exchanges bring any flows to the least load.  With four each, a flow
that fills a link by itself is stuck where two of its routes share one: no single route of it is
better elsewhere.  So the routes of a flow on the hottest link are drawn anew, nearly disjoint and
with some chance, shares are exchanged, and what comes of it is kept where the load has fallen
(Lourenco, Martin and Stuetzle 2003).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.routing.alternatives import alternatives
from tempstudio.core.routing.draft import SHORT, Draft
from tempstudio.core.routing.exchange import GREAT, Halt

STEEPNESS = (25.0, 50.0, 100.0, 200.0, 400.0)
DRAWING = (10.0, 80.0)  # steepness of the prices that new routes are drawn under, from and to
HOT = 1.0 - 1e-3  # of the maximum load
AGAIN = 2  # sweeps over great flows after each over all
HUGE = 0.3  # of the maximum load: a flow that may be drawn anew where it is not on hot links
MIXING = 0.2  # chance that it is
HOPELESS = 1.3  # of the least load so far, after which a try is given up


def thin_out(draft: Draft, most: int, enough: float, tries: int, seed: int, halt: Halt) -> None:
    """Leave every flow at most `most` routes, with a maximum load of `enough` if that is found."""
    draft.price(SHORT, 1.0, 200.0, draft.max_load)
    draft.confine(most)
    for beta in STEEPNESS * 2:
        if draft.max_load <= enough:
            break
        _exchange(draft, (beta,), None, most)
        _exchange(draft, (beta,) * AGAIN, draft.great_flows(GREAT), most)
    rng = np.random.default_rng(seed)
    least = draft.max_load
    for _ in range(tries):
        if least <= enough or halt():
            break
        kept = draft.saved()
        great = draft.great_flows(GREAT)
        draft.price(SHORT, 1.0, np.exp(rng.uniform(*np.log(DRAWING))), least)
        for flow in _to_draw_anew(draft, rng):
            _draw_anew(draft, flow, most, rng)
        _exchange(draft, STEEPNESS, great, most)
        if draft.max_load <= HOPELESS * least:
            _exchange(draft, STEEPNESS[-3:], None, most)
        if draft.max_load < least:
            least = draft.max_load
        else:
            draft.restore(kept)
    draft.settle()


def _exchange(
    draft: Draft, steepness: tuple[float, ...], among: NDArray[np.int64] | None, most: int
) -> None:
    """Sweeps over all flows, or those `among` them."""
    for beta in steepness:
        draft.price(SHORT, 1.0, beta, draft.max_load)
        draft.sweep(draft.away, most, among)


def _to_draw_anew(draft: Draft, rng: np.random.Generator) -> list[int]:
    """A flow on the hottest links, the likelier the more it sends there, and some huge others."""
    hot = draft.load > HOT * draft.max_load
    flow, slot, start, links = draft.columns(carrying=True)
    heat = np.add.reduceat(hot[links], start[:-1]) * draft.slots.amount[flow, slot]
    weight = np.bincount(flow, weights=heat, minlength=len(draft.demand))
    if not weight.any():  # what is hottest is the load of others
        return []
    chosen = int(rng.choice(len(weight), p=weight / weight.sum()))
    huge = draft.great_flows(HUGE)
    others = huge[(rng.random(len(huge)) < MIXING) & (huge != chosen)]
    return [chosen, *others.tolist()]


def _draw_anew(draft: Draft, flow: int, most: int, rng: np.random.Generator) -> None:
    """Give a flow new routes with equal shares."""
    from tempstudio.core.routing.kernels import store

    slots = draft.slots
    slots.amount[flow] = 0.0
    slots.length[flow] = -1
    draft.settle()
    share = draft.flows.amount[flow] / most
    for number, links in enumerate(alternatives(draft, flow, draft.prices.price, rng, most)):
        same = np.flatnonzero(
            (slots.key[flow, :number] == slots.key[flow, -1]) & (slots.amount[flow, :number] > 0)
        )
        if len(same):
            slots.amount[flow, same[0]] += share
        else:
            store(slots, flow, number, links, len(links))
            slots.amount[flow, number] = share
    draft.settle()
