"""The flows of a phase on the real mesh: a stream's rounds, a collective's steps, a hand-over.

All groups of a stage run a phase together, so a step holds the flows of every group.  Streams that
repeat a schedule share one pattern whatever their chunk size: only the bytes are scaled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

import numpy as np

from tempstudio.core.collectives import (
    Fleet,
    best_collective,
    best_for_fleet,
    collective_steps,
    fleet_of,
    join_steps,
)
from tempstudio.core.collectives.sized import UnitStep
from tempstudio.core.flow_copies import scale_flows
from tempstudio.core.flows import Flows, make_flows
from tempstudio.core.machine import Cluster
from tempstudio.core.mapping import Mapping, Routes, StreamGroup
from tempstudio.core.merged_gather import GATHER, MERGED, SCATTER, gathered_over_trees
from tempstudio.core.network import (
    alone_time,
    last_arrivals,
    last_at_some_size,
    link_bytes,
    phase_time,
)
from tempstudio.core.parallel import Degrees, axis_groups
from tempstudio.core.partition import Collective, Stream
from tempstudio.core.streaming import Schedule
from tempstudio.core.topology import FloatArray, IntArray, Topology

REFERENCE_BYTES = 1e9


@dataclass(frozen=True, eq=False)
class Step:
    """Concurrent flows whose bytes are multiples of a scale.

    `flows` carries `REFERENCE_BYTES` x unit; drain times are for that size and grow with it,
    latencies do not.  `label` is the part that each flow carries, -1 for none.
    """

    flows: Flows
    label: IntArray
    topology: Topology

    @property
    def drain_s(self) -> FloatArray:
        """When each flow has left its source, alone on the machine [flows]."""
        return phase_time(self.flows, self.topology).drain_s

    def finish_s(self, scale: float) -> FloatArray:
        """When each flow arrives if the unit is `scale` bytes."""
        moved = self.drain_s * (scale / REFERENCE_BYTES)
        return np.where(self.flows.moving, moved + self.flows.latency_s, 0.0)

    @cached_property
    def _last(self) -> tuple[FloatArray, FloatArray]:
        """(drain, latency) of the flows that are last at some scale."""
        return last_arrivals(self.flows, self.topology)

    def longest_s(self, scale: float) -> float:
        """When the last flow arrives if the unit is `scale` bytes."""
        drain_s, latency_s = self._last
        return float((drain_s * (scale / REFERENCE_BYTES) + latency_s).max(initial=0.0))

    @cached_property
    def _last_alone(self) -> tuple[FloatArray, FloatArray]:
        """(drain, latency) of the flows that are last at some scale if each has no company."""
        return last_at_some_size(*alone_time(self.flows, self.topology))

    def contention_factor(self, scale: float) -> float:
        """Time of the step over what its slowest flow would need alone (SPEC 5)."""
        alone_s = self.alone_s(scale)
        return self.longest_s(scale) / alone_s if alone_s > 0 else 1.0

    def alone_s(self, scale: float) -> float:
        """What the slowest flow would need on a shortest path of its own."""
        drain_s, latency_s = self._last_alone
        return float((drain_s * (scale / REFERENCE_BYTES) + latency_s).max(initial=0.0))

    @cached_property
    def busiest_share(self) -> float:
        """Load of the busiest link, in units."""
        loads = link_bytes(self.flows, self.topology)
        return float(loads.max(initial=0.0)) / REFERENCE_BYTES

    def scaled(self, scale: float) -> Flows:
        """The flows with their real bytes."""
        return scale_flows(self.flows, scale / REFERENCE_BYTES)


@dataclass(frozen=True, eq=False)
class Pattern:
    """The steps of a phase in order; None where a round moves nothing.

    `share`: what of the phase's bytes is the unit of its steps.
    """

    steps: tuple[Step | None, ...]
    buffer_chunks: float = 0.0
    share: float = 1.0
    algorithm: str = ""


def stream_pattern(
    stream: Stream,
    groups: Sequence[StreamGroup],
    topology: Topology,
) -> Pattern:
    """The rounds of a stream in all its groups; a reduction runs them backwards in time."""
    largest = max(stream.chunk_bytes)
    unit = np.array(stream.chunk_bytes) / largest if largest > 0 else np.zeros(1)
    rounds = max((group.schedule.n_rounds for group in groups), default=1)
    steps = [_stream_round(t, unit, groups, topology, stream.reverse) for t in range(rounds)]
    if stream.reverse:
        steps.reverse()
    buffers = max((group.schedule.peak_buffer_chunks for group in groups), default=0.0)
    return Pattern(tuple(steps), float(buffers))


def _stream_round(
    t: int,
    unit: FloatArray,
    groups: Sequence[StreamGroup],
    topology: Topology,
    reverse: bool,
) -> Step | None:
    source, target, size, label = [], [], [], []
    for schedule, dies in _by_schedule(groups):
        table = schedule.transfers
        rows = table[table[:, 0] == t]
        ends = (rows[:, 2], rows[:, 1]) if reverse else (rows[:, 1], rows[:, 2])
        source.append(dies[:, ends[0]].ravel())
        target.append(dies[:, ends[1]].ravel())
        size.append(np.tile(unit[rows[:, 3] // schedule.split] / schedule.split, len(dies)))
        label.append(np.tile(rows[:, 3], len(dies)))
    if not source or not sum(len(part) for part in source):
        return None
    flows = make_flows(
        topology,
        np.concatenate(source),
        np.concatenate(target),
        np.concatenate(size) * REFERENCE_BYTES,
    )
    labels = np.concatenate(label).astype(np.int32)[flows.parent]
    return Step(flows, labels, topology)


def _by_schedule(groups: Sequence[StreamGroup]) -> list[tuple[Schedule, IntArray]]:
    """Each distinct table of transfers once, with the dies of all groups that keep to it
    [groups, members]."""
    found: dict[int, tuple[Schedule, list[tuple[int, ...]]]] = {}
    for group in groups:
        rows = found.setdefault(id(group.schedule.transfers), (group.schedule, []))[1]
        rows.append(group.dies)
    return [(schedule, np.array(rows, dtype=np.int32)) for schedule, rows in found.values()]


def collective_pattern(
    collective: Collective,
    degrees: Degrees,
    stage: int,
    mapping: Mapping,
    topology: Topology,
) -> Pattern:
    """The steps of a collective in all groups of a stage, each by its best algorithm."""
    placement = np.array(mapping.placement, dtype=np.int32)
    groups = placement[axis_groups(degrees, collective.axes, stage)]
    if groups.shape[1] < 2 or collective.bytes <= 0.0:
        return Pattern(())
    routes = mapping.routes.get(collective.key, {})
    if isinstance(topology.machine, Cluster):
        return _behind_switches(collective, groups, topology)
    merged = gathered_over_trees(collective, groups, mapping)
    if merged is not None and collective.op == GATHER:
        return Pattern((_unlabelled(merged, REFERENCE_BYTES, topology),), algorithm=MERGED)
    fleet = fleet_of(groups, topology)
    op = collective.op if merged is None else SCATTER
    chosen = best_for_fleet(op, fleet, collective.bytes, collective.algorithm)
    made = {id(unit): _step(unit, fleet, routes, topology) for unit in chosen.steps}
    steps = [made[id(unit)] for unit in chosen.steps]
    if merged is not None:
        steps.append(_unlabelled(merged, REFERENCE_BYTES * chosen.unit, topology))
    return Pattern(tuple(steps), share=1.0 / chosen.unit, algorithm=chosen.algorithm)


def _unlabelled(unit: Flows, scale: float, topology: Topology) -> Step:
    """A step of `scale` times some flows that carry no numbered parts."""
    flows = scale_flows(unit, scale)
    return Step(flows, np.full(len(flows), -1, dtype=np.int32), topology)


def _step(unit: UnitStep, fleet: Fleet, routes: Routes, topology: Topology) -> Step:
    """The step of a fleet with REFERENCE_BYTES; one object wherever no routes were chosen."""
    known = fleet.kept.get(id(unit))
    if known is None:
        known = _unlabelled(unit.flows, REFERENCE_BYTES, topology)
        fleet.kept[id(unit)] = known
    assert isinstance(known, Step)
    flows = rerouted(known.flows, routes, topology)
    if flows is known.flows:
        return known
    return Step(flows, np.full(len(flows), -1, dtype=np.int32), topology)


def _behind_switches(collective: Collective, groups: IntArray, topology: Topology) -> Pattern:
    """On a cluster: each group's steps side by side, equal ones that follow one another as one."""
    schedules = []
    names: dict[str, int] = {}
    for members in groups.tolist():
        name, schedule = _schedule(collective, tuple(members), topology)
        schedules.append(schedule)
        names[name] = names.get(name, 0) + 1
    made: dict[int, Step] = {}
    steps = []
    for flows in _runs_as_one(join_steps(schedules)):
        if id(flows) not in made:
            made[id(flows)] = _unlabelled(flows, REFERENCE_BYTES / collective.bytes, topology)
        steps.append(made[id(flows)])
    return Pattern(tuple(steps), algorithm=max(names, key=lambda name: names[name]))


def _schedule(
    collective: Collective, members: tuple[int, ...], topology: Topology
) -> tuple[str, Sequence[Flows]]:
    op, size, name = collective.op, collective.bytes, collective.algorithm
    if name:
        return name, collective_steps(op, name, members, size, topology)
    best = best_collective(op, members, size, topology)
    return best.algorithm, best.steps


def _runs_as_one(steps: Sequence[Flows]) -> list[Flows]:
    """Equal steps that follow one another as one: behind a switch all steps of a ring look alike.

    A chunk passes every hop of the ring, so that hops of unlike latency count with their mean.
    """
    found = []
    for _, run in groupby(steps, key=id):
        same = list(run)
        flows, count = same[0], len(same)
        if count > 1:
            latency = np.full(len(flows), count * float(flows.latency_s.mean()))
            flows = replace(flows, bytes=flows.bytes * count, latency_s=latency)
        found.append(flows)
    return found


def handover_pattern(
    degrees: Degrees, stage: int, towards: int, mapping: Mapping, topology: Topology
) -> Pattern:
    """Every rank of a stage sends to its peer in another stage."""
    placement = np.array(mapping.placement, dtype=np.int32).reshape(degrees.pp, -1)
    flows = make_flows(topology, placement[stage], placement[towards], REFERENCE_BYTES)
    flows = rerouted(flows, mapping.routes.get("pipeline", {}), topology)
    step = Step(flows, np.full(len(flows), -1, dtype=np.int32), topology)
    return Pattern((step,), algorithm="direct")


def rerouted(flows: Flows, routes: Routes, topology: Topology) -> Flows:
    """Flows along the mapper's paths where it chose some; a split flow becomes several rows."""
    if not routes:
        return flows
    pairs = list(zip(flows.source.tolist(), flows.target.tolist(), strict=True))
    if not any(pair in routes for pair in pairs):
        return flows
    rows: list[int] = []
    share: list[float] = []
    paths: list[tuple[int, ...]] = []
    for row, pair in enumerate(pairs):
        for fraction, path in routes.get(pair, ((1.0, flows.route(row)),)):
            rows.append(row)
            share.append(fraction)
            paths.append(path)
    made = make_flows(
        topology,
        flows.source[rows],
        flows.target[rows],
        flows.bytes[rows] * np.array(share),
        route=paths,
    )
    return replace(made, parent=flows.parent[rows])
