"""Several routes of one flow that keep out of each other's way.

Exchanges and reduced costs find what is best beside many other routes, but a flow that may use only
four needs four that hardly share a link.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.routing.draft import Draft

DEAREST = 8.0  # price beyond which a link counts no more
CHANCE = 1.0  # standard deviation of the logarithm of what a price is multiplied by
TAKEN = 8.0  # times the price of a link that an earlier one of the routes takes


def alternatives(
    draft: Draft, flow: int, price: NDArray[np.float64], rng: np.random.Generator, count: int
) -> Iterator[NDArray[np.int32]]:
    """`count` routes of a flow, cheap under prices [links] and some chance and nearly disjoint.

    Each stands in the flow's waiting slot until the next is asked for; the same may come twice.
    """
    from tempstudio.core.routing.kernels import cheapest_route

    slots, waiting = draft.slots, draft.slots.amount.shape[1] - 1
    tilted = np.minimum(price, DEAREST) * np.exp(rng.normal(0.0, CHANCE, len(price)))
    first = slots.start[flow] + waiting * slots.stride[flow]
    for _ in range(count):
        cheapest_route(draft.net, tilted, draft.flows, slots, flow, draft.away, draft.scratch)
        links = slots.pool[first : first + slots.length[flow, waiting]].copy()
        tilted[links] *= TAKEN
        yield links
