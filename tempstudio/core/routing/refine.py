"""Few flows: exact shares, new routes by their reduced cost, and four routes at most for each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.routing.columns import USED, Columns, columns_of
from tempstudio.core.routing.draft import Draft
from tempstudio.core.routing.exchange import Halt
from tempstudio.core.routing.programs import (
    Shares,
    least_byte_hops,
    least_load,
)

ROUNDS = 8  # of column generation
REWEIGHTINGS = 3  # of each try at thinning out the routes of crowded flows
# Of the cap, where four routes a flow cannot keep it, and tries at thinning out with each.
LOOSER = ((1.0, 14), (1.01, 3), (1.03, 3), (1.1, 3), (1.3, 3))
KNOWN = ((1.0, 6),)  # the same where routes that keep it are known
MIXING = 0.6  # share of the other crowded flows whose routes are drawn anew too
EXCESS = 1e-6  # of the cap, which the solver's tolerance explains
EXACT = 1e-9  # of the bound: what rounding explains
NEAR = 1.01  # of the bound: close enough to be content with it
FORCED = 1.04  # of the bound: load above which longer detours are tried where there are faults
LONGEST = 40  # steps away from its target that any route may take


def sharpen_bound(draft: Draft, faulty: bool, halt: Halt) -> None:
    """Raise the draft's bound to the least maximum load, and make its routes attain it if they may.

    Routes within the allowed detour may be unable to.  The bound is then found over routes of any
    length; and where faults force longer detours (SPEC 8) the draft is widened as far as it takes.
    """
    level = least_load_routes(draft, halt)
    if level <= draft.bound * NEAR or not draft.demands.is_unicast or halt():
        return
    allowed, kept = draft.away, draft.saved()
    longest = min(len(draft.net.relays) // 2, LONGEST)
    draft.widen(longest)
    least_load_routes(draft, halt)
    wider = [allowed + more for more in (0, 1, 2, 4, 7, 12) if allowed + more < longest]
    for away in (*wider, longest):
        draft.widen(away, kept)
        if away > allowed:
            level = least_load_routes(draft, halt)
        if level <= draft.bound * FORCED or not faulty or halt():
            break


def least_load_routes(draft: Draft, halt: Halt) -> float:
    """Least maximum load over all routes that the draft allows, by column generation.

    Raises the draft's bound and leaves it the routes of the solution.
    """
    columns = columns_of(draft)
    for _ in range(4 * ROUNDS):
        shares = least_load(columns)
        price = np.maximum(shares.price, 0.0)
        draft.raise_bound(price + 1e-15 * price.max())
        if shares.level <= draft.bound * (1.0 + EXACT) or halt():
            break
        if not columns.extend(price + 1e-9 * price.max(), shares.worth):
            break
    columns.write_back(shares.share, draft.slots.amount.shape[1] - 1)
    return shares.level


def refine(
    draft: Draft, cap: float, most: int, seed: int, halt: Halt, within: bool = False
) -> None:
    """Fewest byte-hops under `cap` with `most` routes a flow, from the routes in the slots.

    `within`: routes under the cap are known already, so that no looser cap is worth a try.
    """
    columns = columns_of(draft)
    shares = least_byte_hops(columns, cap)
    for _ in range(ROUNDS):
        if halt() or not columns.extend(shares.price, shares.worth):
            break
        shares = least_byte_hops(columns, cap)
    share = shares.share
    if len(columns.crowded(share, most)):
        rng = np.random.default_rng(seed)
        for looser, tries in KNOWN if within else LOOSER:
            thin = _thin(columns, shares, looser * cap, most, tries, rng, halt)
            if thin is not None:
                share = thin
                break
    columns.write_back(share, most)


def _thin(
    columns: Columns,
    shares: Shares,
    cap: float,
    most: int,
    tries: int,
    rng: np.random.Generator,
    halt: Halt,
) -> NDArray[np.float64] | None:
    """Shares within the cap in which no flow has more than `most` routes, or None.

    Programs that charge the routes of crowded flows the more the less these carried (Candes, Wakin
    and Boyd 2008): first from the shares as they are, then from sets of routes drawn at random.
    """
    best = np.append(shares.share, np.zeros(len(columns) - len(shares.share)))  # of earlier tries
    crowd = set(columns.crowded(best, most).tolist())
    left = len(crowd)
    for number in range(tries):
        share = np.zeros(len(columns))
        share[: len(best)] = best
        if number:
            anew = set(columns.crowded(share, most).tolist())
            anew.update(flow for flow in crowd if rng.random() < MIXING)
            share[np.isin(columns.flow, list(anew))] = 0.0
            drawn = [j for flow in sorted(anew) for j in columns.sample(flow, shares.price, rng)]
            share = np.append(share, np.zeros(len(columns) - len(share)))
            share[drawn] = 1.0 / most
        for _ in range(REWEIGHTINGS):
            charge = 10.0 * columns.hops / (1.0 + 20.0 * share)
            among = np.isin(columns.flow, list(crowd))
            found = least_byte_hops(columns, cap, np.where(among, charge, 0.0))
            share = found.share
            crowded = columns.crowded(share, most).tolist()
            if found.level <= EXCESS and not crowded:
                return _tidied(columns, share, cap, crowd, most)
            if found.level <= EXCESS and len(crowded) <= left:
                best, left = share, len(crowded)
            crowd.update(crowded)
        if halt():
            break
    return None


def _tidied(
    columns: Columns, share: NDArray[np.float64], cap: float, crowd: set[int], most: int
) -> NDArray[np.float64]:
    """The fewest byte-hops with the routes that crowded flows have come down to."""
    barred = np.isin(columns.flow, list(crowd)) & (share <= USED)
    again = least_byte_hops(columns, cap, barred=barred)
    well = not len(columns.crowded(again.share, most)) and again.level <= EXCESS
    return again.share if well else share
