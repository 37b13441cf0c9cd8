"""Phases by number: each physically different one stands once, its amounts as columns."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.costs.mesh import REFERENCE, AnyMesh
from tempstudio.core.costs.roofline import roofline_seconds, slowed, tile_share
from tempstudio.core.costs.traffic import NOTHING, Traffic
from tempstudio.core.machine import Die
from tempstudio.core.partition import Phase, Work
from tempstudio.core.waves import Waves, waves_for

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Columns of what a phase costs on a mesh.
ALONE, COMPUTE, MOVING, BESIDE, JOULE_BITS, HBM_BYTES, BUFFER = range(7)
COLUMNS = 7

# Columns of a phase itself.
FLOP, HBM, OUTPUT, ROWS, TILE_COLUMNS, PRODUCTS = range(6)

NOTHING_TO_DO = 0  # the number of a phase without work


class PhaseBook:
    """Numbers phases and works out what they cost on a mesh.

    Columns on a mesh: `ALONE` seconds with the machine to itself, `COMPUTE` and `MOVING` seconds of
    it, whether both run `BESIDE` each other, `JOULE_BITS` over links, `HBM_BYTES` a die moves for
    waves, and the `BUFFER` it holds.
    """

    def __init__(self, die: Die) -> None:
        self.die = die
        self.phases: list[Phase] = []
        self._numbers: dict[Hashable, int] = {}
        self._amounts = np.zeros((256, 6))
        self.number(Phase("", ""))

    def __len__(self) -> int:
        return len(self.phases)

    def number(self, phase: Phase) -> int:
        """The number of a phase; whoever runs it and in which pass makes no difference."""
        work = phase.work
        key = (
            work.flop,
            work.hbm_bytes,
            work.tile_shape,
            work.products,
            work.output_bytes,
            phase.stream,
            phase.collective,
            phase.hidden,
            phase.buffer_bytes,
        )
        known = self._numbers.get(key)
        if known is None:
            known = self._numbers[key] = len(self.phases)
            self.phases.append(phase)
            if known == len(self._amounts):
                self._amounts = np.concatenate([self._amounts, np.zeros_like(self._amounts)])
            rows, _, columns = work.tile_shape or (0, 0, 0)
            self._amounts[known] = (
                work.flop,
                work.hbm_bytes,
                work.output_bytes,
                rows,
                columns,
                work.products,
            )
        return known

    def lane(self, phases: tuple[Phase, ...]) -> Lane:
        """What phases come to that a die runs in order."""
        numbers = [self.number(phase) for phase in phases]
        sizes = [phase.collective.bytes if phase.collective else 0.0 for phase in phases]
        return Lane(
            numbers=numbers or [NOTHING_TO_DO],
            flop=sum(phase.work.flop_total for phase in phases),
            hbm_bytes=sum(phase.work.hbm_bytes_total for phase in phases),
            heaviest=numbers[sizes.index(max(sizes))] if max(sizes, default=0.0) > 0.0 else 0,
        )

    def costs(self, numbers: IntArray, mesh: AnyMesh) -> tuple[FloatArray, list[Traffic]]:
        """(columns [phases, COLUMNS], traffic of each) on a mesh."""
        amounts = self._amounts[numbers]
        share = tile_share(
            amounts[:, ROWS], amounts[:, TILE_COLUMNS], amounts[:, PRODUCTS], self.die
        )
        compute = roofline_seconds(
            amounts[:, FLOP],
            amounts[:, HBM],
            amounts[:, OUTPUT],
            share,
            self.die,
            mesh.slowest_yield,
        )
        found = np.zeros((len(numbers), COLUMNS))
        found[:, ALONE] = found[:, COMPUTE] = compute
        traffic = [NOTHING] * len(numbers)
        for place, number in enumerate(numbers.tolist()):
            phase = self.phases[number]
            found[place, BUFFER] = phase.buffer_bytes
            if phase.stream is not None:
                found[place], traffic[place] = self._stream(phase, mesh)
            elif phase.collective is not None:
                traffic[place] = mesh.collective(phase.collective)
                self._collective(phase, traffic[place], found[place])
        return found, traffic

    def _collective(self, phase: Phase, moved: Traffic, row: FloatArray) -> None:
        steps, compute = moved.steps_s, row[COMPUTE]
        row[MOVING], row[JOULE_BITS] = moved.seconds, moved.joule_bits
        if phase.hidden and len(steps):
            beside = slowed(np.full(len(steps), compute / len(steps)), steps, self.die)
            row[BESIDE], row[COMPUTE] = 1.0, beside.sum()
            row[ALONE] = np.maximum(beside, steps).sum()
        else:
            row[ALONE] = compute + row[MOVING]

    def _stream(self, phase: Phase, mesh: AnyMesh) -> tuple[FloatArray, Traffic]:
        stream, work, die = phase.stream, phase.work, self.die
        assert stream is not None
        rounds = mesh.rounds(stream)
        waves = waves_for(stream, rounds.buffer_chunks, die)
        compute = self._streamed_seconds(work, waves, mesh.slowest_yield)
        scale = max(stream.chunk_bytes) / waves.count
        moving = rounds.per_byte * scale + rounds.wait_s
        each = compute / (len(moving) * waves.count)
        row = np.zeros(COLUMNS)
        row[ALONE] = waves.count * np.maximum(each, moving).sum()
        row[COMPUTE], row[MOVING] = compute, waves.count * moving.sum()
        row[BESIDE] = 1.0
        row[JOULE_BITS] = rounds.unit.joule_bits * max(stream.chunk_bytes) / REFERENCE
        row[HBM_BYTES] = waves.hbm_bytes
        row[BUFFER] = rounds.buffer_chunks * scale
        return row, rounds.unit

    def _streamed_seconds(self, work: Work, waves: Waves, core_yield: float) -> float:
        """All rounds of all waves: columns are cut once more in each wave, inputs read again."""
        rows, _, columns = work.tile_shape or (0, 0, 0)
        if waves.count > 1:
            columns = max(1, math.ceil(columns / waves.count))
        sizes = np.array([[rows], [columns], [work.products]], dtype=np.float64)
        seconds = roofline_seconds(
            np.array([work.flop]),
            np.array([work.hbm_bytes + waves.hbm_bytes]),
            np.array([work.output_bytes]),
            tile_share(sizes[0], sizes[1], sizes[2], self.die),
            self.die,
            core_yield,
        )
        return float(seconds[0])


@dataclass(frozen=True, eq=False)
class Lane:
    """Phases in order: their numbers (at least one, so that sums over lanes are never empty).

    `flop`, `hbm_bytes`: totals over all dies; `heaviest`: the phase that moves most bytes.
    """

    numbers: list[int]
    flop: float
    hbm_bytes: float
    heaviest: int
