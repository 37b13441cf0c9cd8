"""Runs a schedule on real arrays: streams parts to every die, or gathers sums of shares from all.

Each die has a store of its own.  It sees a part only while the schedule has put it there, and a
foreign copy leaves the store after its last use, so what a die holds is what the schedule reports.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.errors import InputError
from tempstudio.core.streaming.ledger import Ledger
from tempstudio.core.streaming.rounds import Schedule
from tempstudio.core.streaming.rules import malformed, not_executable

FloatArray: TypeAlias = NDArray[np.float64]
Use: TypeAlias = Callable[[int, int, FloatArray], None]
Share: TypeAlias = Callable[[int, int], FloatArray]
Moves: TypeAlias = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Round:
    """`compute`: (die, part); `transfers`: (from, to, part); `release`: copies (die, part) that are
    not used after this round; `keep`: arrivals (die, part) that are used later."""

    compute: tuple[tuple[int, int], ...]
    transfers: Moves
    release: tuple[tuple[int, int], ...]
    keep: frozenset[tuple[int, int]]


def stream(
    schedule: Schedule,
    pieces: Sequence[Sequence[FloatArray]],
    use: Use,
    ledger: Ledger,
    kind: str,
) -> None:
    """Bring every part to every die: calls `use(die, part, array)` where the schedule computes.

    `pieces[die][k]`: piece k of the chunk that starts on the die.  `InputError` for a schedule that
    uses what a die does not hold, or that does not compute every part on every die once.
    """
    split = schedule.split
    stores = [
        {die * split + k: piece for k, piece in enumerate(own)} for die, own in enumerate(pieces)
    ]
    for entry in _rounds(schedule):
        for die, part in entry.compute:
            use(die, part, stores[die][part])
        # Read before anything arrives: what comes in this round is usable from the next.
        moved = [stores[source][part] for source, _, part in entry.transfers]
        for die, part in entry.release:
            del stores[die][part]
        for (source, target, part), array in zip(entry.transfers, moved, strict=True):
            ledger.add(kind, source, target, array.size)
            if (target, part) in entry.keep:
                stores[target][part] = array.copy()


def reduce(
    schedule: Schedule,
    share: Share,
    shapes: Sequence[tuple[int, ...]],
    ledger: Ledger,
    kind: str,
) -> list[list[FloatArray]]:
    """Sum every die's `share(die, part)` on the part's owner: the schedule run backwards in time.

    `shapes[part]`: shape of the part.  A partial sum gathers where the schedule computes the part
    and leaves over the transfer that had brought that copy, so each share is added exactly once
    (see `reversed_in_time`).  Returns sums[die][k] of the die's own pieces.
    """
    partial: list[dict[int, FloatArray]] = [{} for _ in schedule.dies]

    def add(die: int, part: int, array: FloatArray) -> None:
        store = partial[die]
        store[part] = store[part] + array if part in store else array.copy()

    for entry in reversed(_rounds(schedule)):
        # The copy that arrived in this round was used only later, and is complete by now.
        sent = []
        for _, source, part in entry.transfers:
            waiting = partial[source].pop(part, None)
            sent.append(np.zeros(shapes[part]) if waiting is None else waiting)
        for die, part in entry.compute:
            add(die, part, share(die, part))
        for (target, source, part), array in zip(entry.transfers, sent, strict=True):
            ledger.add(kind, source, target, array.size)
            add(target, part, array)
    split = schedule.split
    return [[partial[die][die * split + k] for k in range(split)] for die in range(schedule.n_dies)]


@lru_cache(maxsize=256)
def _rounds(schedule: Schedule) -> tuple[Round, ...]:
    """The schedule as tuples, with the moments at which copies leave the stores."""
    wrong = malformed(schedule) or not_executable(schedule)
    if wrong:
        raise InputError(f"schedule: {wrong[0]} ({len(wrong)} such faults in all)")
    release: list[list[tuple[int, int]]] = [[] for _ in range(schedule.n_rounds)]
    keep: list[set[tuple[int, int]]] = [set() for _ in range(schedule.n_rounds)]
    for die, part, arrival, last in schedule.copies.tolist():
        if last >= 0:
            keep[arrival].add((die, part))
            release[last].append((die, part))
    bounds = schedule.round_offsets.tolist()
    moves = [tuple(move) for move in schedule.transfers[:, 1:].tolist()]
    return tuple(
        Round(
            tuple((die, p) for die, row in enumerate(parts) for p in row if p >= 0),
            tuple(moves[bounds[t] : bounds[t + 1]]),
            tuple(release[t]),
            frozenset(keep[t]),
        )
        for t, parts in enumerate(schedule.compute.tolist())
    )
