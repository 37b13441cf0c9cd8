"""Other ways to stream on a line, to be compared with the relay: rings whose steps are not one hop.

Both send every chunk one way round a ring of the n dies.  The *naive ring* numbers them along the
line, so the step from the last die to the first takes n - 1 hops back over all links; the *folded
ring* visits 0, 2, 4, ..., 5, 3, 1, so no step takes more than two.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tempstudio.core.streaming.rounds import IntArray, Schedule, new_schedule


@dataclass(frozen=True)
class Rival:
    """A one-way ring laid along a line.

    `schedule`: in ring order, split 1; its dies are (0, column) and its transfers are steps of the
    ring, `hops` [k] links of the line each.
    """

    name: str
    schedule: Schedule
    hops: IntArray

    @property
    def max_hops(self) -> int:
        """Hops of the longest step."""
        return int(self.hops.max(initial=0))

    @property
    def link_transfers(self) -> int:
        """Chunks times links crossed, all rounds together: what costs energy."""
        return int(self.hops.sum())

    def link_loads(self) -> IntArray:
        """Chunks that each directed link carries in a round [rounds, 2 (right, left), n - 1]."""
        n = self.schedule.n_dies
        loads = np.zeros((self.schedule.n_rounds, 2, max(n - 1, 0)), np.int32)
        column = [die[-1] for die in self.schedule.dies]
        for t, source, target, _ in self.schedule.transfers.tolist():
            a, b = column[source], column[target]
            loads[t, int(a > b), min(a, b) : max(a, b)] += 1
        return loads

    def duration_s(
        self, chunk_compute_s: float, chunk_transfer_s: float, hop_latency_s: float
    ) -> float:
        """Sum over the rounds of max(compute, the fullest link's chunks + the longest step's hops).

        Cut-through: a step of h hops arrives h latencies after its last byte left (SPEC section 5).
        """
        total = self.schedule.n_rounds * [chunk_compute_s]
        fullest = self.link_loads().reshape(self.schedule.n_rounds, -1).max(axis=1, initial=0)
        longest = np.zeros(self.schedule.n_rounds, int)
        np.maximum.at(longest, self.schedule.transfers[:, 0], self.hops)
        transfer_s = fullest * chunk_transfer_s + longest * hop_latency_s
        return float(np.maximum(total, transfer_s).sum())


@lru_cache(maxsize=128)
def naive_ring(n: int) -> Rival:
    """The ring 0, 1, ..., n - 1 on a line of n dies.

    >>> naive_ring(8).max_hops
    7
    """
    return _laid_out("naive ring", tuple(range(n)))


@lru_cache(maxsize=128)
def folded_ring(n: int) -> Rival:
    """The ring 0, 2, 4, ..., 5, 3, 1 on a line of n dies.

    >>> ring = folded_ring(8)
    >>> [column for _, column in ring.schedule.dies], ring.max_hops
    ([0, 2, 4, 6, 7, 5, 3, 1], 2)
    """
    there = tuple(range(0, n, 2))
    back = tuple(sorted(range(1, n, 2), reverse=True))
    return _laid_out("folded ring", there + back)


def _laid_out(name: str, order: tuple[int, ...]) -> Rival:
    n = len(order)
    t, die = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    chunk = (die - t) % n
    steps = np.stack([t, die, (die + 1) % n, chunk], axis=2)[:-1].reshape(-1, 4)
    places = tuple((0, column) for column in order)
    schedule = new_schedule("ring", places, 1, chunk[:, :, None], steps)
    column = np.array(order)
    ends = schedule.transfers[:, 1:3]
    hops = np.abs(column[ends[:, 0]] - column[ends[:, 1]]).astype(np.int32)
    return Rival(name, schedule, hops)
