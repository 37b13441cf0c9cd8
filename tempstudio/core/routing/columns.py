"""The routes found so far as the columns of a linear program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.routing.alternatives import alternatives
from tempstudio.core.routing.draft import Draft

USED = 1e-7  # share of a flow below which a route counts as unused


@dataclass(eq=False)
class Columns:
    """Routes of all flows of a draft, each once.

    Column j is a route of flow `flow[j]` over the links `link[start[j] : start[j + 1]]`; `keys`
    finds it by flow and route key.
    """

    draft: Draft
    flow: NDArray[np.int64]
    start: NDArray[np.int64]
    link: NDArray[np.int32]
    keys: dict[tuple[int, int], int]

    def __len__(self) -> int:
        return len(self.flow)

    @property
    def hops(self) -> NDArray[np.int64]:
        """Links of each column."""
        return np.diff(self.start)

    @property
    def amount(self) -> NDArray[np.float64]:
        """What each column would carry of its flow if it carried all."""
        return self.draft.flows.amount[self.flow]

    def crowded(self, share: NDArray[np.float64], most: int) -> NDArray[np.int64]:
        """Flows whose amount is spread over more than `most` routes."""
        used = np.bincount(self.flow[share > USED], minlength=len(self.draft.demand))
        return np.flatnonzero(used > most)

    def extend(self, price: NDArray[np.float64], worth: NDArray[np.float64]) -> int:
        """Add each flow's cheapest route where it costs less than its `worth`; returns how many."""
        from tempstudio.core.routing.kernels import cheapest_routes

        draft = self.draft
        cost = cheapest_routes(
            draft.net, price, draft.flows, draft.slots, draft.away, draft.scratch
        )
        return self._take_waiting(np.flatnonzero(cost < worth * (1.0 - 1e-6)).tolist())

    def sample(self, flow: int, price: NDArray[np.float64], rng: np.random.Generator) -> list[int]:
        """Four routes of a flow, cheap and nearly disjoint: columns afterwards; their numbers."""
        slots = self.draft.slots
        waiting = slots.amount.shape[1] - 1
        found = []
        for _ in alternatives(self.draft, flow, price, rng, 4):
            self._take_waiting([flow])
            found.append(self.keys[flow, int(slots.key[flow, waiting])])
        return found

    def _take_waiting(self, flows: Sequence[int]) -> int:
        """Make columns of the routes in the waiting slots that are not known yet."""
        slots = self.draft.slots
        waiting = slots.amount.shape[1] - 1
        fresh = [f for f in flows if (f, int(slots.key[f, waiting])) not in self.keys]
        if fresh:
            for flow in fresh:
                self.keys[flow, int(slots.key[flow, waiting])] = len(self.keys)
            whose = np.array(fresh, dtype=np.int64)
            first = slots.start[whose] + waiting * slots.stride[whose]
            length = slots.length[whose, waiting].astype(np.int64)
            start, links = _gather(slots.pool, first, length)
            self.flow = np.concatenate([self.flow, whose])
            self.start = np.concatenate([self.start, self.start[-1] + start[1:]])
            self.link = np.concatenate([self.link, links])
        return len(fresh)

    def write_back(self, share: NDArray[np.float64], most: int) -> None:
        """Put the shares into the draft: of each flow the `most` largest routes.

        Slots that are left over keep routes that carry nothing, for another program to use.
        """
        from tempstudio.core.routing.kernels import store

        draft, slots = self.draft, self.draft.slots
        slots.amount[:] = 0.0
        slots.length[:] = -1
        taken = np.zeros(len(draft.demand), dtype=np.int64)
        for column in np.argsort(-share, kind="stable").tolist():
            flow = int(self.flow[column])
            if taken[flow] == most:
                continue
            links = self.link[self.start[column] : self.start[column + 1]]
            store(slots, flow, int(taken[flow]), links, len(links))
            if share[column] > USED or taken[flow] == 0:
                slots.amount[flow, taken[flow]] = share[column]
            taken[flow] += 1
        carried = slots.amount.sum(axis=1)
        slots.amount[:] *= (draft.flows.amount / carried)[:, None]
        draft.settle()


def columns_of(draft: Draft) -> Columns:
    """All routes that stand in the slots of a draft, in use or not."""
    flow, slot, start, link = draft.columns(carrying=False)
    keys = zip(flow.tolist(), draft.slots.key[flow, slot].tolist(), strict=True)
    known: dict[tuple[int, int], int] = {}
    kept = []
    for number, key in enumerate(keys):
        if key not in known:
            known[key] = len(known)
            kept.append(number)
    chosen = np.array(kept, dtype=np.int64)
    starts, links = _gather(link, start[:-1][chosen], np.diff(start)[chosen])
    return Columns(draft, flow[chosen], starts, links, known)


def _gather(
    pool: NDArray[np.int32], first: NDArray[np.int64], length: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Runs of a pool one after the other: their starts and values."""
    start = np.concatenate([[0], np.cumsum(length)])
    inside = np.arange(start[-1]) - np.repeat(start[:-1], length)
    return start, pool[np.repeat(first, length) + inside]
