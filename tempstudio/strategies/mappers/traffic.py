"""One description of all that a partitioned job moves, whatever parallelism makes it (SPEC 8).

Streams, collectives and pipeline hand-overs alike are *currents*: so many bytes, so often, among
the members of every group along some axes, in front of the compute or behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tempstudio.core.partition import Collective, Partition, Segment, StageProgram

HANDOVER = "hand-over"


@dataclass(frozen=True)
class Current:
    """`bytes` (S of SPEC 5, a stream's largest chunk, what a die hands over) moved `times` a step.

    `op` is a collective's, "stream" or HANDOVER; `axes` the axes that its groups span.
    """

    stage: int
    op: str
    axes: tuple[str, ...]
    bytes: float
    background: bool
    times: float = 1.0


def currents(partition: Partition) -> tuple[Current, ...]:
    """All traffic of a step; equal currents are one, with their times added."""
    found: dict[Current, float] = {}
    for number, program in enumerate(partition.stages):
        stage = number % partition.degrees.pp
        for segment, times in passes(program, partition):
            for current in _of_segment(segment, stage):
                found[current] = found.get(current, 0.0) + times
        for towards in (1, -1):
            if program.send_bytes > 0 and 0 <= number + towards < len(partition.stages):
                sent = Current(stage, HANDOVER, (f"{towards:+d}",), program.send_bytes, False)
                found[sent] = found.get(sent, 0.0) + partition.micro_batches
    return tuple(replace(current, times=times) for current, times in found.items())


def passes(program: StageProgram, partition: Partition) -> Iterator[tuple[Segment, int]]:
    """Every segment of a model chunk, and how often a copy of it runs in the step."""
    for segments, times in (
        (program.forward, partition.micro_batches),
        (program.backward, partition.micro_batches - 1),
        (program.backward_last, 1),
        (program.optimizer, 1),
    ):
        for segment in segments:
            if times:
                yield segment, times * segment.repeat


def _of_segment(segment: Segment, stage: int) -> Iterator[Current]:
    for background, phases in ((False, segment.phases), (True, segment.background)):
        for phase in phases:
            stream, collective = phase.stream, phase.collective
            if stream is not None and len(stream.chunk_bytes) > 1:
                largest = max(stream.chunk_bytes)
                yield Current(stage, "stream", (stream.axis,), largest, background)
            elif collective is not None and collective.bytes > 0:
                yield _of_collective(collective, stage, background)


def _of_collective(collective: Collective, stage: int, background: bool) -> Current:
    return Current(stage, collective.op, collective.axes, collective.bytes, background)
