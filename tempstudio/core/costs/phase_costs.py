"""What phases take on their meshes, as columns: thousands of phases and meshes at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from tempstudio.core.costs.lane import (
    BUFFER,
    BYTES,
    FLOP,
    FOREIGN,
    HBM,
    HIDDEN,
    KIND,
    OUTPUT,
    PRODUCTS,
    REREAD,
    RESIDENT,
    ROWS,
    STREAMS,
    TILE_COLUMNS,
    FloatArray,
    IntArray,
)
from tempstudio.core.costs.mesh import REFERENCE
from tempstudio.core.costs.place import Place
from tempstudio.core.costs.roofline import roofline_seconds, slowed, tile_share
from tempstudio.core.costs.traffic import NOTHING, Traffic
from tempstudio.core.machine import Die
from tempstudio.core.partition import Collective, Stream
from tempstudio.core.waves import MOST_WAVES

Kinds = Sequence[Stream | Collective | None]
COLUMNS = 7  # of costs
LOWEST = 1100  # no double has a lower exponent of two


@dataclass(frozen=True, eq=False)
class PhaseCosts:
    """Columns [phases]: seconds `alone` with the machine to itself, `compute` and `moving` of it;
    whether both run `beside` each other; energy per bit x bytes over links; bytes a die moves to
    and from memory for waves; the buffer it holds.  `traffic[of[phase]]` is what moves.
    """

    alone: FloatArray
    compute: FloatArray
    moving: FloatArray
    beside: FloatArray
    joule_bits: FloatArray
    hbm_bytes: FloatArray
    buffer: FloatArray
    of: IntArray
    traffic: list[Traffic]

    @property
    def columns(self) -> tuple[FloatArray, ...]:
        """All but what moves."""
        times = self.alone, self.compute, self.moving, self.beside
        return (*times, self.joule_bits, self.hbm_bytes, self.buffer)


def phase_costs(
    table: FloatArray, where: IntArray, places: Sequence[Place], kinds: Kinds, die: Die
) -> PhaseCosts:
    """The costs of phases [phases, WIDTH], each in one of the places [phases]."""
    count = len(table)
    costs = PhaseCosts(
        alone=np.zeros(count),
        compute=np.zeros(count),
        moving=np.zeros(count),
        beside=np.zeros(count),
        joule_bits=np.zeros(count),
        hbm_bytes=np.zeros(count),
        buffer=table[:, BUFFER].copy(),
        of=np.zeros(count, dtype=np.int64),
        traffic=[NOTHING],
    )
    is_stream = table[:, STREAMS] > 0.0
    streams = np.flatnonzero(is_stream)
    columns, moved = table[:, TILE_COLUMNS].copy(), table[:, HBM].copy()
    rounds = _Rounds(table[streams], where[streams], places, kinds, die)
    wide = np.maximum(1.0, np.ceil(columns[streams] / rounds.waves))
    columns[streams] = np.where(rounds.waves > 1.0, wide, columns[streams])
    moved[streams] += rounds.hbm_bytes
    yields = np.array([place.mesh.slowest_yield for place in places])
    costs.compute[:] = costs.alone[:] = roofline_seconds(
        table[:, FLOP],
        moved,
        table[:, OUTPUT],
        tile_share(table[:, ROWS], columns, table[:, PRODUCTS], die),
        die,
        yields[where],
    )
    if len(streams):
        rounds.enter(streams, costs)
    others = np.flatnonzero(~is_stream & (table[:, KIND] > 0.0))
    if len(others):
        _collectives(others, table[others], where[others], places, kinds, die, costs)
    return costs


class _Rounds:
    """The rounds of streams: those of a kind in a place are worked out once."""

    def __init__(
        self,
        table: FloatArray,
        where: IntArray,
        places: Sequence[Place],
        kinds: Kinds,
        die: Die,
    ) -> None:
        code, self.inverse = np.unique(
            where * len(kinds) + table[:, KIND].astype(np.int64), return_inverse=True
        )
        self.rounds = [
            places[c // len(kinds)].rounds(k := c % len(kinds), cast(Stream, kinds[k]))
            for c in code.tolist()
        ]
        held = np.array([rounds.buffer_chunks for rounds in self.rounds])
        self.held = held[self.inverse] if len(held) else np.zeros(0)
        self.largest = table[:, BYTES]
        room, need = die.sram_bytes - table[:, RESIDENT], self.held * self.largest
        fits = (room > 0) & (need <= room * MOST_WAVES)
        least = np.ceil(need / np.where(fits, room, 1.0))
        self.waves = np.where(fits, np.maximum(1.0, least), 1.0)
        again = (self.waves - 1.0) * table[:, REREAD]
        self.hbm_bytes = np.where(fits, again, 2.0 * table[:, FOREIGN])

    def enter(self, streams: IntArray, costs: PhaseCosts) -> None:
        """Write down what the streams take: a round lasts the longer of its compute and moving."""
        lengths = np.array([len(rounds.per_byte) for rounds in self.rounds])
        per_byte = np.concatenate([rounds.per_byte for rounds in self.rounds])
        wait = np.concatenate([rounds.wait_s for rounds in self.rounds])
        count = lengths[self.inverse]
        flat, start = ragged(first_of(lengths)[self.inverse], count)
        scale = self.largest / self.waves
        moving = per_byte[flat] * np.repeat(scale, count) + wait[flat]
        each = np.repeat(costs.compute[streams] / (count * self.waves), count)
        costs.alone[streams] = self.waves * np.add.reduceat(np.maximum(each, moving), start)
        costs.moving[streams] = self.waves * np.add.reduceat(moving, start)
        costs.beside[streams] = 1.0
        joules = np.array([rounds.unit.joule_bits for rounds in self.rounds])[self.inverse]
        costs.joule_bits[streams] = joules * self.largest / REFERENCE
        costs.hbm_bytes[streams] = self.hbm_bytes
        costs.buffer[streams] = self.held * scale
        costs.of[streams] = len(costs.traffic) + self.inverse
        costs.traffic.extend(rounds.unit for rounds in self.rounds)


def _collectives(
    others: IntArray,
    table: FloatArray,
    where: IntArray,
    places: Sequence[Place],
    kinds: Kinds,
    die: Die,
    costs: PhaseCosts,
) -> None:
    """Between two powers of two bytes time is linear, the rest that of the nearer one."""
    mantissa, exponent = np.frexp(table[:, BYTES])
    share = 2.0 * mantissa - 1.0
    kind = table[:, KIND].astype(np.int64)
    code = (where * len(kinds) + kind) * (2 * LOWEST) + exponent + LOWEST
    _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    found = [
        places[w].between(k, cast(Collective, kinds[k]), e)
        for w, k, e in zip(*(c[first].tolist() for c in (where, kind, exponent - 1)), strict=True)
    ]
    exact = np.array([pair is None for pair in found])
    ends = [pair or (NOTHING, NOTHING) for pair in found]
    power = np.ldexp(1.0, exponent - 1)
    base = len(costs.traffic)
    costs.traffic.extend(traffic for pair in ends for traffic in pair)
    upper = share >= 0.5
    of, size = base + 2 * inverse + upper, np.where(upper, 2.0 * power, power)
    seconds = np.array([(below.seconds, above.seconds) for below, above in ends])[inverse]
    took = (1.0 - share) * seconds[:, 0] + share * seconds[:, 1]
    for row in np.flatnonzero(exact[inverse]).tolist():
        wanted = replace(cast(Collective, kinds[kind[row]]), bytes=float(table[row, BYTES]))
        routed = places[where[row]].exactly(wanted)
        of[row], size[row], took[row] = len(costs.traffic), table[row, BYTES], routed.seconds
        costs.traffic.append(routed)
    joules = np.array([traffic.joule_bits for traffic in costs.traffic])[of]
    costs.of[others], costs.moving[others] = of, took
    costs.joule_bits[others] = joules * (table[:, BYTES] / size)
    costs.alone[others] += took
    _hide(others[table[:, HIDDEN] > 0.0], die, costs)


def _hide(hidden: IntArray, die: Die, costs: PhaseCosts) -> None:
    """Collectives beside their phases' own work: each step lasts the longer of the two."""
    steps = [costs.traffic[k].steps_s for k in costs.of[hidden].tolist()]
    hidden = hidden[[len(each) > 0 for each in steps]]
    if not len(hidden):
        return
    known, inverse = np.unique(costs.of[hidden], return_inverse=True)
    some = [costs.traffic[k].steps_s for k in known.tolist()]
    lengths = np.array([len(each) for each in some])
    count = lengths[inverse]
    flat, start = ragged(first_of(lengths)[inverse], count)
    whole = np.array([each.sum() for each in some])[inverse]
    scale = costs.moving[hidden] / np.where(whole > 0.0, whole, 1.0)
    moving = np.concatenate(some)[flat] * np.repeat(scale, count)
    beside = slowed(np.repeat(costs.compute[hidden] / count, count), moving, die)
    costs.beside[hidden] = 1.0
    costs.compute[hidden] = np.add.reduceat(beside, start)
    costs.alone[hidden] = np.add.reduceat(np.maximum(beside, moving), start)


def first_of(lengths: IntArray) -> IntArray:
    """Where each of some runs begins, one after the other [runs]."""
    return np.asarray(np.cumsum(lengths) - lengths)


def ragged(start: IntArray, count: IntArray) -> tuple[IntArray, IntArray]:
    """Runs of consecutive places one after the other, and where each run now begins [runs].

    >>> ragged(np.array([5, 0]), np.array([2, 3]))
    (array([5, 6, 0, 1, 2]), array([0, 2]))
    """
    begins = first_of(count)
    return np.repeat(start - begins, count) + np.arange(int(count.sum())), begins
