"""`gemini`: simulated annealing on bytes x hops, blind to contention (SPEC 3).

The cost of Cai et al., "Gemini: Mapping and Architecture Co-exploration for Large-scale DNN
Chiplet Accelerators" (HPCA 2024): how far the bytes travel, not where they meet.  Ranks that stream
together move as one, so that they stay neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.errors import NoPlanError
from tempstudio.core.machine import Machine, Wafer
from tempstudio.core.mapping import Mapping
from tempstudio.core.parallel import axis_groups
from tempstudio.core.partition import Partition
from tempstudio.core.progress import Progress
from tempstudio.core.strategy import option
from tempstudio.core.topology import Topology, topology_of
from tempstudio.strategies.mappers.groups import check_connected, make_groups
from tempstudio.strategies.mappers.placements import first_placements
from tempstudio.strategies.mappers.sequential import Sequential, SequentialOptions
from tempstudio.strategies.mappers.traffic import HANDOVER, currents

FloatMatrix = NDArray[np.float64]
REPORTS = 50

Trace = tuple[tuple[float, float], ...]  # (moves tried, fewest byte-hops so far)
# Bytes that all members of a group send together over S, by an algorithm that wastes none.
FACTORS = {"all-reduce": 2.0}
MOST_UNITS = 2048  # their distances still fit into memory


@dataclass(frozen=True)
class GeminiOptions:
    """How long it anneals."""

    moves: int = option(20_000, minimum=0, maximum=10**8, help="swaps that are tried")
    start_share: float = option(
        0.05,
        minimum=1e-6,
        maximum=1.0,
        help="temperature at the start, as a share of the cost of one unit's traffic",
    )


class Gemini:
    """The rival that shortens distances and does not look at the links."""

    name = "gemini"
    summary = "Simulated annealing on bytes x hops, XY routes, blind to contention"
    version = "1.0"
    Options = GeminiOptions

    def map(
        self,
        partition: Partition,
        machine: Machine,
        options: GeminiOptions,
        rng: np.random.Generator,
        progress: Progress,
    ) -> Mapping:
        """The placement with the fewest byte-hops found; the notes tell how far it came."""
        check_connected(partition, machine)
        topology = topology_of(machine)
        start = _start(partition, machine, rng)
        degrees = partition.degrees
        own = bool(degrees.operators)  # then a whole block moves, or its other groups come apart
        unit = degrees.block if own else degrees.stream
        if len(start) // unit > MOST_UNITS:
            note = f"gemini: {len(start) // unit} groups are too many to anneal, placed row by row"
            placed, groups = make_groups(partition, start, machine)
            return Mapping(placement=placed, groups=groups, notes=(note,))
        traffic = rank_traffic(partition)
        slots = np.array(start).reshape(-1, unit)
        order, trace = _anneal(slots, traffic, topology, options, rng, progress)
        placement = tuple(slots[order].ravel().tolist())
        placed, groups = make_groups(partition, placement, machine)
        before, after = trace[0][1], trace[-1][1]
        note = f"gemini: {before:.4g} byte-hops at the start, {after:.4g} at the end"
        return Mapping(placement=placed, groups=groups, notes=(note,), convergence=trace)


def _start(partition: Partition, machine: Machine, rng: np.random.Generator) -> tuple[int, ...]:
    """Row-major runs, or the first placement in which every stream group can stream."""
    try:
        plain = Sequential().map(partition, machine, SequentialOptions(), rng, Progress())
        return plain.placement
    except NoPlanError as error:
        reason = str(error)
    for placement in first_placements(partition.degrees, machine, 64):
        try:
            return make_groups(partition, placement, machine)[0]
        except NoPlanError as error:
            reason = str(error)
    raise NoPlanError(reason)


def rank_traffic(partition: Partition) -> FloatMatrix:
    """Bytes a step moves between each two ranks [ranks, ranks], spread evenly inside a group."""
    degrees = partition.degrees
    traffic = np.zeros((degrees.size, degrees.size))
    per_stage = degrees.size // degrees.pp
    for current in currents(partition):
        moved = current.times * current.bytes
        if current.op == HANDOVER:
            here = np.arange(per_stage) + current.stage * per_stage
            there = here + int(current.axes[0]) * per_stage
            np.add.at(traffic, (here, there % degrees.size), moved / 2)
            np.add.at(traffic, (there % degrees.size, here), moved / 2)
        elif current.op != "stream":
            groups = axis_groups(degrees, current.axes, current.stage)
            members = groups.shape[1]
            if members > 1:
                each = FACTORS.get(current.op, 1.0) * moved / (members * (members - 1))
                for ranks in groups:
                    traffic[np.ix_(ranks, ranks)] += each
    np.fill_diagonal(traffic, 0.0)
    return traffic


def _anneal(
    slots: NDArray[np.int64],
    traffic: FloatMatrix,
    topology: Topology,
    options: GeminiOptions,
    rng: np.random.Generator,
    progress: Progress,
) -> tuple[NDArray[np.int64], Trace]:
    """(which slot each unit takes, the fewest byte-hops after so many moves)."""
    units, size = slots.shape
    between = traffic.reshape(units, size, units, size).sum(axis=(1, 3))
    np.fill_diagonal(between, 0.0)
    far = _distances([int(row[0]) for row in slots], topology)
    order = np.arange(units)
    cost = _cost(between, far, order)
    before, best, kept = cost, cost, order.copy()
    trace = [(0.0, cost)]
    heat = options.start_share * cost / max(1, units)
    if units < 3 or cost <= 0.0:
        return kept, tuple(trace)
    pairs = rng.integers(0, units, size=(options.moves, 2))
    luck = rng.random(options.moves)
    for move, ((a, b), chance) in enumerate(zip(pairs.tolist(), luck.tolist(), strict=True)):
        if a == b:
            continue
        if move % max(1, options.moves // REPORTS) == 0:
            progress.step(move / options.moves, f"annealing: {best / before:.3f} of the start")
            trace.append((float(move), best))
        gain = _gain(between, far, order, a, b)
        cool = heat * (1.0 - move / options.moves)
        if gain <= 0.0 or (cool > 0.0 and chance < math.exp(-gain / cool)):
            order[a], order[b] = order[b], order[a]
            cost += gain
            if cost < best * (1 - 1e-12):
                best, kept = cost, order.copy()
    return kept, (*trace, (float(options.moves), best))


def _distances(dies: Sequence[int], topology: Topology) -> FloatMatrix:
    machine = topology.machine
    if isinstance(machine, Wafer) and not machine.dead_dies and not machine.dead_links:
        places = np.array([topology.places[die] for die in dies], dtype=np.float64)
        apart: FloatMatrix = np.abs(places[:, None] - places[None]).sum(axis=2)
        return apart
    return np.array([[float(topology.hops(a, b)) for b in dies] for a in dies])


def _cost(between: FloatMatrix, far: FloatMatrix, order: NDArray[np.int64]) -> float:
    return float((between * far[np.ix_(order, order)]).sum())


def _gain(
    between: FloatMatrix, far: FloatMatrix, order: NDArray[np.int64], a: int, b: int
) -> float:
    """Change of the cost if units a and b swap their slots."""
    flow = between[a] + between[:, a] - between[b] - between[:, b]
    apart = far[order[b]][order] - far[order[a]][order]
    apart[[a, b]] = 0.0
    return float(flow @ apart)
