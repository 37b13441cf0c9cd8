"""How long a mapping makes communication last, without laying out the whole step.

Every phase of one copy of each segment is timed alone on the machine, as the simulator does where
nothing runs beside it; what runs in the background costs what it lasts beyond the foreground.  Used
to compare placements: the same figures as the simulator's, short of the strangers' contention.
What a plain ring hides behind the foreground the best algorithm hides too, so the best is looked
for only where that matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tempstudio.core.machine import Cluster, Machine
from tempstudio.core.mapping import Mapping
from tempstudio.core.partition import Partition, Phase, Segment, StageProgram
from tempstudio.core.template import StageContext, lane_seconds
from tempstudio.core.topology import topology_of


def step_seconds(partition: Partition, mapping: Mapping, machine: Machine) -> float:
    """Seconds of the busiest stage's step with this mapping, bubbles and hand-overs left out."""
    degrees = partition.degrees
    times = []
    for stage in range(degrees.pp):
        context = stage_context(partition, mapping, machine, stage)
        programs = partition.stages[stage :: degrees.pp]
        times.append(sum(_program_seconds(program, partition, context) for program in programs))
    return max(times)


def stage_context(
    partition: Partition, mapping: Mapping, machine: Machine, stage: int
) -> StageContext:
    """Where a stage's groups lie."""
    topology = topology_of(machine)
    dies = partition.degrees.size // partition.degrees.pp
    places = list(mapping.placement[stage * dies : (stage + 1) * dies])
    return StageContext(
        topology=topology,
        degrees=partition.degrees,
        mapping=mapping,
        stage=stage,
        slowest_yield=float(topology.die_yield[places].min()),
        phases={},
        replicas=partition.replicas,
    )


def _program_seconds(program: StageProgram, partition: Partition, context: StageContext) -> float:
    forward, backward = _seconds(program.forward, context), _seconds(program.backward, context)
    last = _seconds(program.backward_last, context)
    return (
        partition.micro_batches * forward
        + (partition.micro_batches - 1) * backward
        + last
        + _seconds(program.optimizer, context)
    )


def _seconds(segments: Sequence[Segment], context: StageContext) -> float:
    return sum(segment.repeat * _copy_seconds(segment, context) for segment in segments)


def _copy_seconds(segment: Segment, context: StageContext) -> float:
    front = lane_seconds(segment.phases, context)
    if not segment.background:
        return front
    if not isinstance(context.topology.machine, Cluster):
        plain = [_by_ring(phase) for phase in segment.background]
        if lane_seconds(plain, context) <= front:
            return front
    return max(front, lane_seconds(segment.background, context))


def _by_ring(phase: Phase) -> Phase:
    collective = phase.collective
    if collective is None or collective.algorithm:
        return phase
    return replace(phase, collective=replace(collective, algorithm="bidirectional-ring"))
