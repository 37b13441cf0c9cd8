"""Figures of many candidates at once: lanes on meshes, copies of segments, formulas over passes.

Whatever candidates share is costed once: a lane in a place, then a copy (two lanes) there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from tempstudio.core.costs.lane import Copy, FloatArray, IntArray, Lane, Run
from tempstudio.core.costs.phase_costs import Kinds, PhaseCosts, first_of, ragged
from tempstudio.core.costs.pipeline_memory import PASSES
from tempstudio.core.costs.place import Place
from tempstudio.core.costs.program import Program
from tempstudio.core.costs.roofline import slowed
from tempstudio.core.costs.sheet import Sheet
from tempstudio.core.costs.step_time import beside, pipeline_seconds
from tempstudio.core.machine import Die, Machine

BITS = 8
MOST = 1 << 20  # places of one batch of candidates


@dataclass(frozen=True, eq=False)
class Entry:
    """A candidate ready to be costed: its program, and the mesh of each stage."""

    program: Program
    places: tuple[Place, ...]


class Gathered:
    """What some entries are made of, each once: places, lanes and copies in them.

    `lane_place` and `copy_place` are the numbers of their places; `front` and `behind` the lanes of
    each copy; `segments` the copies of all entries' segments, in order.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.places: list[Place] = []
        self.lanes: list[Lane] = []
        self.lane_place: list[int] = []
        self.copies: list[Copy] = []
        self.copy_place: list[int] = []
        self.front: list[int] = []
        self.behind: list[int] = []
        self.segments: list[int] = []
        self._place: dict[int, int] = {}
        self._lane: dict[int, int] = {}
        self._copy: dict[int, int] = {}
        self._run: dict[int, list[int]] = {}
        for entry in entries:
            self._take(entry.program.runs, [self._number(place) for place in entry.places])

    def _take(self, runs: Sequence[Run], stages: Sequence[int]) -> None:
        """The runs of all model chunks, which the stages run in turn."""
        for number, run in enumerate(runs):
            where = stages[number // PASSES % len(stages)]
            key = id(run) * MOST + where
            known = self._run.get(key)
            if known is None:
                known = self._run[key] = [self._copied(copy, where) for copy in run.copies]
            self.segments += known

    def _copied(self, copy: Copy, where: int) -> int:
        key = id(copy) * MOST + where
        known = self._copy.get(key)
        if known is None:
            known = self._copy[key] = len(self.copies)
            self.copies.append(copy)
            self.copy_place.append(where)
            self.front.append(self._laid(copy.front, where))
            self.behind.append(self._laid(copy.behind, where))
        return known

    def _number(self, place: Place) -> int:
        known = self._place.get(id(place))
        if known is None:
            known = self._place[id(place)] = len(self.places)
            self.places.append(place)
        return known

    def _laid(self, lane: Lane, where: int) -> int:
        key = id(lane) * MOST + where
        known = self._lane.get(key)
        if known is None:
            known = self._lane[key] = len(self.lanes)
            self.lanes.append(lane)
            self.lane_place.append(where)
        return known


def figures(entries: Sequence[Entry], kinds: Kinds, sheet: Sheet, machine: Machine) -> FloatArray:
    """Seconds, bytes of the fullest die, joules [entries, 3]."""
    programs = [entry.program for entry in entries]
    gathered = Gathered(entries)
    copies = CopyCosts(gathered, kinds, sheet, machine.die)
    of = np.array(gathered.segments, dtype=np.int64)
    segments = np.array([len(program.floor) for program in programs])
    first = first_of(segments)
    sizes = np.array([len(run.copies) for program in programs for run in program.runs])
    kind = np.repeat(np.arange(len(sizes)) % PASSES, sizes)
    columns = np.array([_amounts(program) for program in programs]).repeat(segments, axis=0)
    micro_batches, fill, replicas, dies = columns.T
    times = np.choose(kind, [micro_batches, micro_batches - 1.0, 1.0, 1.0])
    counts = times * copies.repeat[of]
    floor = np.fromiter(chain.from_iterable(p.floor for p in programs), np.float64, of.size)
    spent = np.add.reduceat(copies.seconds[of] * copies.repeat[of], first_of(sizes))
    seconds = _step_seconds(programs, spent)
    states = np.array([program.states for program in programs])
    memory = np.maximum.reduceat(floor + copies.held[of], first) + states
    die = machine.die
    hbm = copies.hbm_bytes[of] * replicas + copies.waves[of] * dies
    real = copies.flop[of] * replicas / die.flop_per_joule + hbm * (BITS * die.hbm_joule_per_bit)
    real = np.where(kind == PASSES - 1, real, fill * real)
    each = counts * (real + BITS * copies.joule_bits[of])
    energy = np.add.reduceat(each, first) + die.idle_w * machine.alive_count * seconds
    return np.stack([seconds, memory, energy], axis=1)


def _amounts(program: Program) -> tuple[float, ...]:
    stage = program.degrees.size // program.degrees.pp
    return program.micro_batches, program.fill, program.replicas, stage


class CopyCosts:
    """Columns of copies [copies]: `seconds`, bytes `held` at most above the floor, `joule_bits`
    over links, FLOP and memory traffic of a replica, and of a die for `waves`."""

    def __init__(self, gathered: Gathered, kinds: Kinds, sheet: Sheet, die: Die) -> None:
        self._gathered, self._die = gathered, die
        lanes, copies = gathered.lanes, gathered.copies
        self._size = np.array([len(lane.table) for lane in lanes])
        self._start = first_of(self._size)
        self._costs = sheet.costs(
            lanes, gathered.lane_place, self._size, gathered.places, kinds, die
        )
        self._front, self._behind = np.array(gathered.front), np.array(gathered.behind)
        figures = np.array([copy.figures for copy in copies])
        self.repeat, self.flop, self.hbm_bytes, saved, transient = figures.T
        self.waves = self._both(self._costs.hbm_bytes)
        self.joule_bits = self._both(self._costs.joule_bits)
        self.seconds = self._seconds()
        self.held = self._held(saved, transient)

    def _sums(self, column: FloatArray) -> FloatArray:
        """Sums over each lane [lanes]."""
        return np.asarray(np.add.reduceat(column, self._start))

    def _both(self, column: FloatArray) -> FloatArray:
        sums = self._sums(column)
        return np.asarray(sums[self._front] + sums[self._behind])

    def _seconds(self) -> FloatArray:
        costs = self._costs
        alone = self._sums(costs.alone)
        front_s, back_s = alone[self._front], alone[self._behind]
        shared_s = self._sums(_shared(costs, costs.moving, slice(None)))[self._front]
        progress_s = shared_s.copy()
        crowded, rows, start = self._contended()
        if len(crowded):
            slower = self._slowdowns(crowded, rows, start)
            moving = costs.moving[rows] * slower[:, 0]
            shared = _shared(costs, moving, rows)
            shared_s[crowded] = np.add.reduceat(shared, start)
            progress = shared - moving * (1.0 - 1.0 / slower[:, 1])
            progress_s[crowded] = np.add.reduceat(progress, start)
        more = np.zeros(len(front_s))
        if self._die.communication_units:
            compute = self._sums(costs.compute)[self._front]
            more = np.maximum(0.0, slowed(compute, back_s, self._die) - compute)
        return beside(front_s + more, shared_s + more, back_s, progress_s + more)

    def _contended(self) -> tuple[IntArray, IntArray, IntArray]:
        """Copies with communication behind them on a crowded mesh, the rows of their fronts, and
        where each one's begin."""
        gathered = self._gathered
        crowded = np.array(
            [
                number
                for number, copy in enumerate(gathered.copies)
                if copy.behind.heaviest >= 0
                and gathered.places[gathered.copy_place[number]].crowded
            ],
            dtype=np.int64,
        )
        front = self._front[crowded]
        return crowded, *ragged(self._start[front], self._size[front])

    def _slowdowns(self, crowded: IntArray, rows: IntArray, start: IntArray) -> FloatArray:
        """How much longer a front's phases and what is behind them last together [rows, 2]."""
        gathered, costs = self._gathered, self._costs
        heaviest = self._start[self._behind[crowded]] + [
            gathered.copies[number].behind.heaviest for number in crowded.tolist()
        ]
        count = np.diff(np.append(start, len(rows)))
        kinds = len(costs.traffic)
        code = costs.of[rows] * kinds + np.repeat(costs.of[heaviest], count)
        place = np.repeat(np.array(gathered.copy_place)[crowded], count)
        known, first, inverse = np.unique(code, return_index=True, return_inverse=True)
        slower = np.array(
            [
                gathered.places[place[row]].slowed(
                    costs.traffic[c // kinds], costs.traffic[c % kinds]
                )
                for c, row in zip(known.tolist(), first.tolist(), strict=True)
            ]
        )
        return np.asarray(slower[inverse])

    def _held(self, saved: FloatArray, transient: FloatArray) -> FloatArray:
        """Most bytes above the floor in a copy: activations rise or fall evenly over it, a buffer
        is held while its phase runs."""
        costs = self._costs
        passed = np.cumsum(costs.alone)
        before = passed - costs.alone
        begun = np.repeat(before[self._start], self._size)
        length = np.maximum(self.seconds, 1e-30)
        most = []
        for lane in (self._front, self._behind):
            count = self._size[lane]
            rows, start = ragged(self._start[lane], count)
            kept, whole = np.repeat(saved, count), np.repeat(length, count)
            when = np.where(kept > 0, passed[rows], before[rows]) - begun[rows]
            held = kept * np.minimum(1.0, when / whole) + costs.buffer[rows]
            most.append(np.maximum.reduceat(held, start))
        # A gather's first buffer is held beside a backward's fullest instant.
        first = costs.buffer[self._start[self._behind]]
        front = most[0] + np.where(saved < 0, first, 0.0)
        return np.asarray(transient + np.maximum(front, most[1]))


def _shared(costs: PhaseCosts, moving: FloatArray, rows: IntArray | slice) -> FloatArray:
    """Seconds of phases whose communication lasts so long beside others'."""
    both = np.maximum(costs.alone[rows], moving)
    return np.where(costs.beside[rows] > 0.0, both, costs.compute[rows] + moving)


def _step_seconds(programs: Sequence[Program], passes: FloatArray) -> FloatArray:
    """Seconds of a step from those of each pass of each model chunk [all passes, in order]."""
    seconds = np.zeros(len(programs))
    shapes: dict[tuple[int, int], list[tuple[int, int]]] = {}
    first = 0
    for place, program in enumerate(programs):
        key = program.degrees.pp, program.degrees.interleave
        shapes.setdefault(key, []).append((place, first))
        first += len(program.runs)
    for (stages, chunks), members in shapes.items():
        places, starts = (np.array(column) for column in zip(*members, strict=True))
        each = passes[starts[:, None] + np.arange(stages * chunks * PASSES)]
        each = each.reshape(len(members), chunks, stages, PASSES)
        seconds[places] = pipeline_seconds(
            each[..., 0],
            each[..., 1],
            each[..., 2],
            each[..., 3].sum(axis=1),
            np.array([programs[place].micro_batches for place in places.tolist()]),
        )
    return seconds
