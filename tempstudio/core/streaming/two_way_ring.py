"""The two-way ring on a Hamiltonian cycle: one half of every chunk each way round.

At round t die i (a position on the cycle) computes piece 0 of chunk i - t, which runs clockwise,
and piece 1 of chunk i + t, which runs counter-clockwise.  Each is forwarded in the round in which
it is computed, so a die holds two halves, one chunk, and receives two more meanwhile.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tempstudio.core.streaming.rounds import Schedule, new_schedule

SPLIT = 2


@lru_cache(maxsize=128)
def ring(n: int) -> Schedule:
    """The ring on n >= 3 dies, numbered along the cycle (coordinates (0, i) stand for positions).

    >>> s = ring(8)
    >>> s.peak_foreign_chunks, s.peak_buffer_chunks, s.transfers_count
    (1.0, 2.0, 112)
    """
    if n < 3:
        raise ValueError("a cycle has at least 3 dies")
    t, die = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    compute = np.stack([SPLIT * ((die - t) % n), SPLIT * ((die + t) % n) + 1], axis=2)
    clockwise = np.stack([t, die, (die + 1) % n, compute[:, :, 0]], axis=2)
    counter = np.stack([t, die, (die - 1) % n, compute[:, :, 1]], axis=2)
    transfers = np.concatenate([clockwise[:-1].reshape(-1, 4), counter[:-1].reshape(-1, 4)])
    dies = tuple((0, position) for position in range(n))
    return new_schedule("ring", dies, SPLIT, compute, transfers)
