"""A time that no placement of a partition can beat: its compute alone, with nothing to wait for."""

from __future__ import annotations

from collections.abc import Sequence

from tempstudio.core.compute import compute_seconds
from tempstudio.core.machine import Die, Machine
from tempstudio.core.partition import Partition, Segment


def least_step_seconds(partition: Partition, machine: Machine) -> float:
    """Seconds of the busiest stage's compute in one step: no waves, no waiting, no bubble."""
    die, degrees = machine.die, partition.degrees
    times = []
    for stage in range(degrees.pp):
        total = 0.0
        for program in partition.stages[stage :: degrees.pp]:
            passes = _seconds((*program.forward, *program.backward), die)
            total += partition.micro_batches * passes + _seconds(program.optimizer, die)
        times.append(total)
    return max(times)


def _seconds(segments: Sequence[Segment], die: Die) -> float:
    return sum(
        segment.repeat * sum(compute_seconds(phase.work, die) for phase in segment.phases)
        for segment in segments
    )
