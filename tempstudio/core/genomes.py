"""All genomes of a problem as columns: degrees, ZeRO, recomputation, micro-batch (SPEC 9).

Placements and operators' own degrees come on top: they are chosen when a genome is promising.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.candidate import Candidate
from tempstudio.core.machine import MOST_DIES, Machine
from tempstudio.core.parallel import Degrees
from tempstudio.core.topology import usable_dies
from tempstudio.core.workload import TrainingJob, Workload, step_flop

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

SHAPE = ("pp", "dp", "sp", "tp", "stream", "ep", "interleave")
RECOMPUTE = ("none", "selective", "full")
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19)
MOST_MICRO_BATCH = 64
MOST_INTERLEAVE = 8
NEAR = 1.25  # shapes with least seconds within this of the quickest are near it


@dataclass(frozen=True, eq=False)
class Shapes:
    """Degrees as rows [shapes, 7] of `SHAPE`, and the least seconds that each can take.

    `least_s` counts arithmetic alone: the largest share of the batch, sequence and layers on a die
    at its peak.
    """

    table: IntArray
    least_s: FloatArray

    def __len__(self) -> int:
        return len(self.table)

    def column(self, name: str) -> IntArray:
        """One axis [shapes]."""
        return np.asarray(self.table[:, SHAPE.index(name)])

    def degrees(self, row: int, zero: int) -> Degrees:
        """A row with a ZeRO level."""
        pp, dp, sp, tp, stream, ep, interleave = self.table[row].tolist()
        return Degrees(
            pp=pp,
            dp=dp,
            sp=sp,
            tp=tp,
            stream=stream,
            ep=ep,
            zero=zero,
            interleave=interleave,
        )

    @cached_property
    def row_of(self) -> dict[tuple[int, ...], int]:
        """Rows by their sizes along `SHAPE`."""
        return {tuple(sizes): row for row, sizes in enumerate(self.table.tolist())}

    def neighbours(self, degrees: Degrees) -> set[int]:
        """Rows in which a prime factor of pp, dp, sp, tp or stream has gone to another of these, or
        with half or twice as many model chunks a stage."""
        sizes = [getattr(degrees, name) for name in SHAPE]
        chunks = sizes[-1]
        found = {self.row_of.get((*sizes[:-1], n), -1) for n in (2 * chunks, chunks // 2)}
        for source, target in permutations(range(5), 2):
            for prime in (p for p in PRIMES if sizes[source] % p == 0):
                moved = list(sizes)
                moved[source] //= prime
                moved[target] *= prime
                found.add(self.row_of.get(tuple(moved), -1))
        return found - {-1}

    def spread(self, most: int) -> list[int]:
        """Rows worth a look, at most so many: all near the least, or evenly from every kind.

        Of a kind are shapes whose dp, sp, tp and stream have the same powers of two.
        """
        near = int((self.least_s <= NEAR * self.least_s[0]).sum()) if len(self) else 0
        if near <= most:
            return list(range(min(most, len(self))))
        powers = np.frexp(self.table[:near, 1:5].astype(np.float64))[1]
        _, kind = np.unique(powers, axis=0, return_inverse=True)
        kind = kind.ravel()
        order = np.argsort(kind, kind="stable")
        start = np.searchsorted(kind[order], kind[order])
        turn = np.empty(near, dtype=np.int64)
        turn[order] = np.arange(near) - start  # how many of its kind stand before each
        chosen = np.lexsort((np.arange(near), turn))[:most]
        return sorted(int(row) for row in chosen)


def all_shapes(
    machine: Machine,
    model: Workload,
    job: TrainingJob,
    open_axes: frozenset[str],
    least_share: float = 0.0,
    longest_stream: int = MOST_DIES,
) -> Shapes:
    """Every product of degrees up to the working dies, the least seconds first.

    `open_axes` are those (of dp, sp, tp, stream) that the partitioner cuts at all; products that
    leave more than 1 - `least_share` of what is left for dp idle are left out, and streams of more
    than `longest_stream` dies.
    """
    most, wafers = usable_dies(machine), machine.wafers
    depths = (1,) if wafers == 1 else range(wafers, min(most, model.layers) + 1, wafers)
    parts = []
    for pp in depths:
        room = most // pp
        for tp in _divisors(model.longest_head_count or 1, room if "tp" in open_axes else 1):
            streams = min(room // tp, longest_stream) if "stream" in open_axes else 1
            for stream in range(1, streams + 1):
                rest = room // (tp * stream)
                parts += _rest((pp, tp, stream), rest, job, open_axes, least_share)
    table = np.concatenate(parts) if parts else np.zeros((0, 5), dtype=np.int64)
    table = _with_experts(table, model)
    table = _with_interleave(table, model, job)
    least = _least_seconds(table, machine, model, job)
    order = np.lexsort((*table.T[::-1], least))
    return Shapes(table[order], least[order])


def _rest(
    others: tuple[int, int, int],
    rest: int,
    job: TrainingJob,
    open_axes: frozenset[str],
    least_share: float,
) -> list[IntArray]:
    """Rows of all dp and sp that `rest` dies have room for, beside the others' pp, tp, stream."""
    pp, tp, stream = others
    found = []
    for sp in range(1, (min(rest, job.seq_len) if "sp" in open_axes else 1) + 1):
        most = min(rest // sp, job.global_batch) if "dp" in open_axes else 1
        least = max(1, math.ceil(min(least_share * rest / sp, most)))
        dp = np.arange(least, most + 1)
        rows = np.empty((len(dp), 5), dtype=np.int64)
        rows[:] = (pp, 0, sp, tp, stream)
        rows[:, 1] = dp
        found.append(rows)
    return found


def _with_experts(table: IntArray, model: Workload) -> IntArray:
    """Every ep that divides dp and the experts."""
    counts = {op.experts for block in model.blocks for op in block.operators} - {1}
    ways = [ep for ep in range(1, max(counts, default=1) + 1) if all(c % ep == 0 for c in counts)]
    parts = []
    for ep in ways:
        rows = table[table[:, 1] % ep == 0]
        parts.append(np.column_stack([rows, np.full(len(rows), ep)]))
    return np.concatenate(parts)


def _with_interleave(table: IntArray, model: Workload, job: TrainingJob) -> IntArray:
    """Powers of two of model chunks a stage; `variants` leave out what cannot take turns."""
    parts = []
    chunks = 1
    while chunks <= MOST_INTERLEAVE:
        rows = table if chunks == 1 else table[table[:, 0] > 1]
        rows = rows[rows[:, 0] * chunks <= max(1, model.layers)]
        parts.append(np.column_stack([rows, np.full(len(rows), chunks)]))
        chunks *= 2
    return np.concatenate(parts)


def _least_seconds(
    table: IntArray, machine: Machine, model: Workload, job: TrainingJob
) -> FloatArray:
    pp, dp, sp, tp, stream = (table[:, k].astype(np.float64) for k in range(5))
    tokens = np.ceil(job.global_batch / dp) * np.ceil(job.seq_len / sp)
    layers = max(1, model.layers)
    share = np.ceil(layers / pp) / layers
    flop = 3.0 * step_flop(model, job) / job.tokens  # a token's, forward and backward
    rate = machine.die.flop_per_s * machine.die.peak_efficiency
    return np.asarray(flop * tokens * share / (tp * stream) / rate)


def micro_batches(degrees: Degrees, job: TrainingJob) -> tuple[int, ...]:
    """Micro-batches worth trying: powers of two up to a replica's share, and the project's own."""
    most = min(MOST_MICRO_BATCH, -(-job.global_batch // degrees.dp))
    powers = [1 << k for k in range(most.bit_length()) if 1 << k <= most]
    own = min(job.micro_batch, max(1, most))
    return tuple(sorted({*powers, own}))


def zero_levels(degrees: Degrees, least: int) -> tuple[int, ...]:
    """Levels that make a difference: one alone where nothing is replicated."""
    return tuple(range(least, 4)) if degrees.shards > 1 else (least,)


def variants(
    degrees: Degrees, job: TrainingJob, least_zero: int, fixed_job: bool = False
) -> Iterator[Candidate]:
    """Every ZeRO level, recomputation and micro-batch of some degrees."""
    recomputes: Sequence[str] = (job.recompute,) if fixed_job else RECOMPUTE
    sizes = (job.micro_batch,) if fixed_job else micro_batches(degrees, job)
    if degrees.interleave > 1:  # model chunks take turns only in whole rounds of the stages
        share = -(-job.global_batch // degrees.dp)
        sizes = tuple(size for size in sizes if -(-share // size) % degrees.pp == 0)
    for zero in zero_levels(degrees, least_zero):
        own = replace(degrees, zero=zero)
        for recompute in recomputes:
            for size in sizes:
                yield Candidate(own, recompute, size)


def _divisors(number: int, most: int) -> list[int]:
    return [d for d in range(1, min(number, most) + 1) if number % d == 0]
