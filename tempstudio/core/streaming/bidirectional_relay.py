"""The bidirectional relay on a path of n dies, in closed form for every n.

The two end dies have one link each and need n - 1 foreign chunks in n rounds, so every chunk must
run both ways at full speed from round 0: chunk j passes die i at the start of round |i - j|.  While
both streams pass (rounds 1 to min(i, n - 1 - i)), die i holds the pair i - t and i + t and computes
one; the other is *missed* and must be had later.  Three rules settle everything:

1. Both of a pair are even or odd.  An even chunk is computed where it passes rightwards, an odd one
   where it passes leftwards.
2. A chunk missed in round t is computed in round n - t.
3. The last die that misses a chunk keeps it and sends it home again at full speed, to pass each die
   that missed it exactly when rule 2 wants it: an even chunk j is kept by die j/2 and runs right to
   die j - 1, an odd one by die (n - 1 + j)/2 and runs left to die j + 1.

When die i gets the first chunk to come home, its two streams have passed; until then it keeps one
chunk and computes the other stream as it comes, afterwards it holds one chunk a round.  So no die
ever holds more than 2 foreign chunks, and 1 is impossible for n >= 3, where the pair i - 1, i + 1
comes at once.

For odd n the right half would keep nothing (its last pair ends in chunk n - 1, even).  There the
die takes n - 1 from its last pair, keeps the even partner for one round, and delays the odd chunk
2i - n, the next of the stream, which it sends home in that partner's stead.

*Fewest transfers.*  n (n - 1) transfers are forced.  Die i misses m = min(i, n - 1 - i) chunks
while both its slots are refilled every round; when that ends it can keep one of them, so at least
m - 1 must be sent to it again: floor((n - 3)^2 / 4) in all for n >= 3.  The rules attain that.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tempstudio.core.streaming.rounds import IntArray, Schedule, new_schedule


@lru_cache(maxsize=128)
def relay(n: int) -> Schedule:
    """The relay on the line (0, 0) to (0, n - 1): n rounds, at most 2 foreign chunks.

    >>> s = relay(8)
    >>> s.n_rounds, s.peak_foreign_chunks, s.transfers_count
    (8, 2.0, 62)
    """
    dies = tuple((0, column) for column in range(n))
    return new_schedule("relay", dies, 1, _compute(n), _transfers(n))


def fewest_transfers(n: int) -> int:
    """Fewest transfers of an n-round schedule on a path that holds at most 2 foreign chunks."""
    return n * (n - 1) + (n - 3) ** 2 // 4 if n >= 3 else n * (n - 1)


def _compute(n: int) -> IntArray:
    die, chunk = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    passes = np.abs(die - chunk)
    partner = 2 * die - chunk
    paired = (passes > 0) & (partner >= 0) & (partner < n)
    missed = paired & np.where(chunk % 2 == 0, chunk > die, chunk < die)
    computed_at = np.where(missed, n - passes, passes)
    if n % 2:
        right = (die > n // 2) & (die < n - 1)
        last_pair = right & paired & (passes == n - 1 - die)
        computed_at = np.where(last_pair, np.where(chunk > die, passes, passes + 1), computed_at)
        computed_at = np.where(right & (chunk == 2 * die - n), die + 1, computed_at)
    compute = np.full((n, n, 1), -1, np.int32)
    compute[computed_at, die, 0] = chunk
    return compute


def _transfers(n: int) -> IntArray:
    rows: list[tuple[int, int, int, int]] = []
    for chunk in range(n):
        rows += [(chunk - die, die, die - 1, chunk) for die in range(chunk, 0, -1)]
        rows += [(die - chunk, die, die + 1, chunk) for die in range(chunk, n - 1)]
        if chunk % 2:
            keeper = (n - 1 + chunk) // 2 if n % 2 == 0 else (n + chunk) // 2
            home = range(keeper, chunk + 1, -1)
            rows += [(n - (die - chunk), die, die - 1, chunk) for die in home]
        elif chunk < n - 1:
            home = range(chunk // 2, chunk - 1)
            rows += [(n - (chunk - die), die, die + 1, chunk) for die in home]
    return np.array(rows, np.int32).reshape(-1, 4)
