"""A tensor-stream schedule: which parts each die computes in a round, and what crosses which link.

Group member i (a *die* here) starts with chunk i; chunk i is cut into `split` parts, and part p is
piece p mod split of the chunk that starts on die p div split (SPEC section 4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.errors import InputError

IntArray = NDArray[np.int32]
Coordinate = tuple[int, ...]
Orchestration = Literal["ring", "relay"]


@dataclass(frozen=True, eq=False)
class Schedule:
    """One group's schedule; equal and hashed by content (a digest computed once).

    `dies`: coordinates (row, column) or (wafer, row, column) in the order of the cycle or path.
    `compute` [rounds, dies, split]: parts that a die computes in a round, -1 for none.
    `transfers` [k, 4]: round, from, to, part, sorted; dies are positions in `dies`.  The transfers
    of round t run while round t computes and are usable from round t + 1.
    `peak_foreign_chunks`, `peak_buffer_chunks`: as reported, in chunks (SPEC section 4, rule 5);
    `verify` holds them against what the transfers really need.
    """

    orchestration: Orchestration
    dies: tuple[Coordinate, ...]
    split: int
    compute: IntArray = field(repr=False)
    transfers: IntArray = field(repr=False)
    peak_foreign_chunks: float
    peak_buffer_chunks: float

    @property
    def n_dies(self) -> int:
        """Dies in the group, which is also the number of chunks."""
        return len(self.dies)

    @property
    def n_rounds(self) -> int:
        """Rounds; as many as dies in every schedule built here."""
        return int(self.compute.shape[0])

    @property
    def n_parts(self) -> int:
        """Parts that travel: dies x split."""
        return self.n_dies * self.split

    @property
    def transfers_count(self) -> int:
        """Transfers of a part over one link, all rounds together."""
        return len(self.transfers)

    @cached_property
    def round_offsets(self) -> IntArray:
        """Rows of `transfers` in round t are `round_offsets[t]:round_offsets[t + 1]`."""
        rounds = np.arange(self.n_rounds + 1)
        return np.searchsorted(self.transfers[:, 0], rounds).astype(np.int32)

    @cached_property
    def copies(self) -> IntArray:
        """Foreign copies [c, 4]: die, part, round of arrival, last round of use (-1: none)."""
        return _copies(self.compute, self.transfers, self.split)

    @cached_property
    def _content(self) -> tuple[object, ...]:
        peaks = (self.peak_foreign_chunks, self.peak_buffer_chunks)
        arrays = (self.compute.shape, self.compute.tobytes(), self.transfers.tobytes())
        return (self.orchestration, self.dies, self.split, *peaks, *arrays)

    @cached_property
    def _hash(self) -> int:
        return hash(self._content)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schedule) and (
            self is other or (self._hash == other._hash and self._content == other._content)
        )

    def __hash__(self) -> int:
        return self._hash

    def to_json(self) -> dict[str, Any]:
        """The document that `tempstudio schedule --json` prints."""
        rounds = []
        for t, row in enumerate(self.compute.tolist()):
            computed = [[die, part] for die, parts in enumerate(row) for part in parts if part >= 0]
            sent = self.transfers[self.round_offsets[t] : self.round_offsets[t + 1], 1:].tolist()
            rounds.append({"compute": computed, "transfers": sent})
        return {
            "orchestration": self.orchestration,
            "dies": [list(die) for die in self.dies],
            "split": self.split,
            "rounds": rounds,
            "peak_foreign_chunks": _plain(self.peak_foreign_chunks),
            "peak_buffer_chunks": _plain(self.peak_buffer_chunks),
            "transfers": self.transfers_count,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Schedule:
        """Read such a document; an `InputError` names the key that is missing or malformed.

        Whether the schedule is valid is another question: ask `verify`.
        """
        return _from_json(document)


def new_schedule(
    orchestration: Orchestration,
    dies: Sequence[Coordinate],
    split: int,
    compute: IntArray,
    transfers: IntArray,
) -> Schedule:
    """A schedule whose reported peaks are what its transfers need; the arrays become read-only.

    `transfers` [k, 4] (round, from, to, part) may come in any order.
    """
    transfers = transfers[np.lexsort(transfers.T[::-1])].astype(np.int32, copy=False)
    compute = compute.astype(np.int32, copy=False)
    held, arriving = _occupancy(_copies(compute, transfers, split), compute.shape[0], len(dies))
    for array in (compute, transfers):
        array.setflags(write=False)
    return Schedule(
        orchestration=orchestration,
        dies=tuple(dies),
        split=split,
        compute=compute,
        transfers=transfers,
        peak_foreign_chunks=int(held.max(initial=0)) / split,
        peak_buffer_chunks=int((held + arriving).max(initial=0)) / split,
    )


def buffer_occupancy(schedule: Schedule) -> tuple[IntArray, IntArray]:
    """Foreign parts held at the start of each round, and arriving in it: two arrays [rounds, dies].

    A copy is held from the round after its arrival to its last use (computed or forwarded) before
    the part arrives again.  Divide by `split` for chunks; memory pays the sum of the two.
    """
    return _occupancy(schedule.copies, schedule.n_rounds, schedule.n_dies)


def _occupancy(copies: IntArray, rounds: int, dies: int) -> tuple[IntArray, IntArray]:
    change = np.zeros((rounds + 2, dies), np.int32)
    arriving = np.zeros((rounds + 1, dies), np.int32)
    die, _, arrival, last = copies.T
    np.add.at(arriving, (arrival, die), 1)
    used = last > arrival
    np.add.at(change, (arrival[used] + 1, die[used]), 1)
    np.add.at(change, (last[used] + 1, die[used]), -1)
    return np.cumsum(change, axis=0, dtype=np.int32)[:rounds], arriving[:rounds]


def _copies(compute: IntArray, transfers: IntArray, split: int) -> IntArray:
    """Arrivals matched with their last use, by sorting all events of a (die, part) in time."""
    dies = compute.shape[1]
    t, die, piece = np.nonzero(compute >= 0)
    computed = np.stack([die, compute[t, die, piece], t, np.zeros_like(t)])
    sent_at, source, target, part = transfers.T.astype(np.int64)
    forwarded = np.stack([source, part, sent_at, np.zeros_like(sent_at)])
    arrived = np.stack([target, part, sent_at, np.ones_like(sent_at)])
    events = np.concatenate([computed, forwarded, arrived], axis=1)
    events = events[:, events[0] != events[1] // split]
    # A use in the very round of a new arrival is still of the copy before: uses sort first.
    events = events[:, np.lexsort((events[3], events[2], events[1], events[0]))]
    arrivals = np.flatnonzero(events[3])
    key = events[0] * (dies * split) + events[1]
    before_next = np.append(arrivals[1:], events.shape[1]) - 1
    end_of_key = np.searchsorted(key, key[arrivals], side="right") - 1
    last_event = np.minimum(before_next, end_of_key)
    last = np.where(last_event > arrivals, events[2][last_event], -1)
    copies = np.stack([events[0][arrivals], events[1][arrivals], events[2][arrivals], last], axis=1)
    return copies.astype(np.int32)


def reversed_in_time(schedule: Schedule) -> IntArray:
    """The transfers of the reduction that is this schedule run backwards [k, 4], sorted by round.

    Round t becomes round n_rounds - 1 - t and every transfer swaps its ends.  What travels is a
    partial sum: a die adds its own share of a part in the round in which the schedule computes that
    part, sends the sum on over the (reversed) transfer that brought that copy, and starts anew from
    nothing.  Each copy's uses form a tree, each die computes a part once, so each share is added
    exactly once, also where a part was sent to a die twice; the owner ends with the whole sum.
    """
    t, source, target, part = schedule.transfers.T
    flipped = np.stack([schedule.n_rounds - 1 - t, target, source, part], axis=1)
    return flipped[np.lexsort(flipped.T[::-1])]


def round_loads(schedule: Schedule) -> list[tuple[IntArray, IntArray, IntArray]]:
    """Per round: arrays (from, to, part) of its transfers, positions in `dies`."""
    bounds = schedule.round_offsets.tolist()
    rows = schedule.transfers
    return [(rows[a:b, 1], rows[a:b, 2], rows[a:b, 3]) for a, b in pairwise(bounds)]


def duration_s(
    schedule: Schedule,
    chunk_compute_s: float,
    chunk_transfer_s: float,
    hop_latency_s: float,
) -> float:
    """How long the schedule lasts [s]: over its rounds, the sum of max(compute, transfers + alpha).

    `chunk_compute_s`: to multiply with a whole chunk; `chunk_transfer_s`: to send one over a link
    at full bandwidth; a round without compute or transfers counts 0 for what it lacks (SPEC 4).
    """
    parts = (schedule.compute >= 0).sum(axis=2).max(axis=1, initial=0)
    compute_s = parts / schedule.split * chunk_compute_s
    sends = np.diff(schedule.round_offsets) > 0
    transfer_s = sends * (chunk_transfer_s / schedule.split + hop_latency_s)
    return float(np.maximum(compute_s, transfer_s).sum())


def _plain(chunks: float) -> int | float:
    return int(chunks) if chunks == int(chunks) else chunks


def _from_json(document: Mapping[str, Any]) -> Schedule:
    def take(key: str, kind: type | tuple[type, ...]) -> Any:
        value = document.get(key) if isinstance(document, Mapping) else None
        if isinstance(value, bool) or not isinstance(value, kind):
            raise InputError(f"schedule.{key}: found {value!r:.60}, allowed: as SURFACE.md lists")
        return value

    orchestration = take("orchestration", str)
    if orchestration not in ("ring", "relay"):
        raise InputError(
            f"schedule.orchestration: found {orchestration!r:.60}, allowed: 'ring' or 'relay'"
        )
    split = take("split", int)
    if split not in (1, 2):
        raise InputError(f"schedule.split: found {split}, allowed: 1 or 2")
    dies = tuple(_integers(die, "dies", (2, 3)) for die in take("dies", list))
    rounds = take("rounds", list)
    compute = np.full((len(rounds), len(dies), split), -1, np.int32)
    sent: list[tuple[int, ...]] = []
    for t, entry in enumerate(rounds):
        if not isinstance(entry, Mapping):
            raise InputError(f"schedule.rounds[{t}]: found {entry!r:.60}, allowed: an object")
        for pair in entry.get("compute", ()):
            _place(compute, t, _integers(pair, f"rounds[{t}].compute", (2,)))
        where = f"rounds[{t}].transfers"
        sent += [(t, *_integers(move, where, (3,))) for move in entry.get("transfers", ())]
    transfers = np.array(sent, np.int32).reshape(-1, 4)
    transfers = transfers[np.lexsort(transfers.T[::-1])]
    return Schedule(
        orchestration=orchestration,
        dies=dies,
        split=split,
        compute=compute,
        transfers=transfers,
        peak_foreign_chunks=float(take("peak_foreign_chunks", (int, float))),
        peak_buffer_chunks=float(take("peak_buffer_chunks", (int, float))),
    )


def _integers(value: Any, where: str, lengths: tuple[int, ...]) -> tuple[int, ...]:
    limit = np.iinfo(np.int32).max
    if (
        not isinstance(value, list | tuple)
        or len(value) not in lengths
        or any(isinstance(x, bool) or not isinstance(x, int) or not 0 <= x <= limit for x in value)
    ):
        size = " or ".join(str(length) for length in lengths)
        found = f"found {value!r:.60}, allowed: {size} whole numbers >= 0"
        raise InputError(f"schedule.{where}: {found}")
    return tuple(value)


def _place(compute: IntArray, t: int, pair: tuple[int, ...]) -> None:
    """Write one computed part into the first free slot of its die's row."""
    die, part = pair
    dies, split = compute.shape[1:]
    free = np.flatnonzero(compute[t, die] < 0) if die < dies else np.array([], int)
    if not len(free):
        raise InputError(
            f"schedule.rounds[{t}].compute: found {list(pair)}, "
            f"allowed: one of {dies} dies, at most {split} parts each"
        )
    compute[t, die, free[0]] = part
