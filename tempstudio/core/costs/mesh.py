"""A pipeline stage on its dies: what each communication of its program costs there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from tempstudio.core.collectives import (
    best_collective,
    best_for_fleet,
    collective_steps,
    fleet_of,
    join_steps,
)
from tempstudio.core.costs.traffic import NOTHING, Traffic, traffic_of
from tempstudio.core.flow_copies import scale_flows
from tempstudio.core.flows import Flows, make_flows
from tempstudio.core.machine import Cluster
from tempstudio.core.mapping import Mapping, StreamGroup
from tempstudio.core.merged_gather import GATHER, SCATTER, gathered_over_trees
from tempstudio.core.parallel import Degrees, axis_groups
from tempstudio.core.partition import Collective, Stream
from tempstudio.core.patterns import rerouted
from tempstudio.core.topology import Topology

HANDOVER = "to stage "


@dataclass(frozen=True, eq=False)
class Rounds:
    """A stream's rounds for a largest chunk of one byte: seconds are `per_byte` x bytes + `wait_s`.

    Both [rounds]; `unit` is the traffic of a chunk of 1 MB, `buffer_chunks` what a die holds.
    """

    per_byte: np.ndarray
    wait_s: np.ndarray
    unit: Traffic
    buffer_chunks: float


REFERENCE = 1e6


class AnyMesh(Protocol):
    """What phases are costed on: how slow its slowest die is, and what communication takes."""

    slowest_yield: float

    def collective(self, wanted: Collective) -> Traffic:
        """The traffic of a collective in all groups."""
        ...

    def exact(self, wanted: Collective) -> bool:
        """Whether its flows hang on its very size."""
        ...

    def rounds(self, stream: Stream) -> Rounds:
        """The rounds of a stream in all groups."""
        ...


@dataclass(eq=False)
class Mesh:
    """Where one stage's groups lie."""

    topology: Topology
    degrees: Degrees
    mapping: Mapping
    stage: int
    slowest_yield: float = field(init=False)
    _groups: dict[tuple[str, ...], np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        per_stage = self.degrees.size // self.degrees.pp
        places = self.mapping.placement[self.stage * per_stage : (self.stage + 1) * per_stage]
        self.slowest_yield = float(self.topology.die_yield[list(places)].min())

    def collective(self, wanted: Collective) -> Traffic:
        """The traffic of a collective in all groups of the stage, by the best algorithm."""
        if wanted.bytes <= 0.0:
            return NOTHING
        if wanted.op.startswith(HANDOVER):
            steps = [self._handover(int(wanted.op[len(HANDOVER) :]), wanted.bytes)]
        else:
            steps = self._steps(wanted, wanted.bytes)
        return traffic_of(steps, self.topology)

    def exact(self, wanted: Collective) -> bool:
        """Whether the mapper gave routes or trees for flows of just its size."""
        return bool(self.mapping.routes.get(wanted.key)) or wanted.key in self.mapping.trees

    def _steps(self, wanted: Collective, size: float) -> list[Flows]:
        groups = self._members(wanted.axes)
        if groups.shape[1] < 2:
            return []
        if isinstance(self.topology.machine, Cluster):
            return self._behind_switches(wanted, groups, size)
        merged = gathered_over_trees(wanted, groups, self.mapping)
        over_trees = [] if merged is None else [scale_flows(merged, size)]
        if over_trees and wanted.op == GATHER:
            return over_trees
        fleet = fleet_of(groups, self.topology)
        op = SCATTER if over_trees else wanted.op
        chosen = best_for_fleet(op, fleet, size, wanted.algorithm)
        routes = self.mapping.routes.get(wanted.key, {})
        share = size / chosen.unit
        known = {
            id(unit): rerouted(scale_flows(unit.flows, share), routes, self.topology)
            for unit in chosen.steps
        }
        return [known[id(unit)] for unit in chosen.steps] + over_trees

    def _behind_switches(self, wanted: Collective, groups: np.ndarray, size: float) -> list[Flows]:
        """Every group by its own best algorithm: a switch blocks nobody."""
        op, topology = wanted.op, self.topology
        schedules = [
            collective_steps(op, wanted.algorithm, members, size, topology)
            if wanted.algorithm
            else list(best_collective(op, members, size, topology).steps)
            for members in groups.tolist()
        ]
        return join_steps(schedules)

    def _members(self, axes: tuple[str, ...]) -> np.ndarray:
        if axes not in self._groups:
            placement = np.array(self.mapping.placement, dtype=np.int32)
            self._groups[axes] = placement[axis_groups(self.degrees, axes, self.stage)]
        return self._groups[axes]

    def _handover(self, towards: int, size: float) -> Flows:
        placement = np.array(self.mapping.placement, dtype=np.int32).reshape(self.degrees.pp, -1)
        flows = make_flows(self.topology, placement[self.stage], placement[towards], size)
        return rerouted(flows, self.mapping.routes.get("pipeline", {}), self.topology)

    def _streaming(self, axis: str) -> list[StreamGroup]:
        """The stage's groups that stream along an axis."""
        per_stage = self.degrees.size // self.degrees.pp
        groups = self.mapping.groups_of(axis)
        return [group for group in groups if group.ranks[0] // per_stage == self.stage]

    def rounds(self, stream: Stream) -> Rounds:
        """The rounds of a stream in all its groups."""
        largest = max(stream.chunk_bytes) or 1.0
        unit = np.array(stream.chunk_bytes) / largest
        reverse = stream.reverse
        groups = self._streaming(stream.axis)
        count = max((group.schedule.n_rounds for group in groups), default=1)
        steps = [
            _round(groups, number, reverse, unit * REFERENCE, self.topology)
            for number in range(count)
        ]
        if reverse:
            steps.reverse()
        one, two = traffic_of(steps, self.topology), traffic_of(_halved(steps), self.topology)
        if not len(one.steps_s):
            return Rounds(np.zeros(count), np.zeros(count), NOTHING, 0.0)
        per_byte = 2.0 * (one.steps_s - two.steps_s) / REFERENCE
        buffers = max(float(group.schedule.peak_buffer_chunks) for group in groups)
        return Rounds(per_byte, one.steps_s - per_byte * REFERENCE, one, buffers)


class LoneMesh(Mesh):
    """The same with one group of each kind, as if the others kept quiet."""

    def _members(self, axes: tuple[str, ...]) -> np.ndarray:
        return super()._members(axes)[:1]

    def _streaming(self, axis: str) -> list[StreamGroup]:
        return super()._streaming(axis)[:1]


def _halved(steps: list[Flows | None]) -> list[Flows | None]:
    return [None if flows is None else scale_flows(flows, 0.5) for flows in steps]


def _round(
    groups: list[StreamGroup], number: int, reverse: bool, chunk: np.ndarray, topology: Topology
) -> Flows | None:
    source, target, size = [], [], []
    for group in groups:
        table = group.schedule.transfers
        rows = table[table[:, 0] == number]
        dies = np.array(group.dies, dtype=np.int32)
        start, end = (rows[:, 2], rows[:, 1]) if reverse else (rows[:, 1], rows[:, 2])
        source.append(dies[start])
        target.append(dies[end])
        split = group.schedule.split
        size.append(chunk[rows[:, 3] // split] / split)
    if not sum(len(part) for part in source):
        return None
    ends = np.concatenate(source), np.concatenate(target)
    return make_flows(topology, *ends, np.concatenate(size))
