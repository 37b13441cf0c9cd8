"""A partition as the copies of its segments, with what a step makes of them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from tempstudio.core.costs.lane import Lanes, Run
from tempstudio.core.costs.mesh import HANDOVER
from tempstudio.core.costs.pipeline_memory import segment_floors
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import (
    BACKWARD,
    FORWARD,
    Collective,
    Partition,
    Phase,
    Segment,
    StageProgram,
)

NO_SEGMENTS = (Segment("", FORWARD, ()),)

Segments = tuple[Segment, ...]


@dataclass(frozen=True, eq=False)
class Program:
    """What all stages run.  Segments stand by model chunk, then by pass.

    `runs` [chunks x PASSES] are its passes, `floor` [segments] the bytes held before the copy that
    holds most, `states` those of the fullest stage's model states.
    """

    degrees: Degrees
    micro_batches: int
    replicas: int
    sequence_dies: int
    fill: float
    runs: tuple[Run, ...]
    floor: tuple[float, ...]
    states: float

    @cached_property
    def mapping_key(self) -> tuple[Hashable, ...]:
        """What of it a placing mapper's answer hangs on, besides degrees and placement."""
        lanes = (
            lane for run in self.runs for copy in run.copies for lane in (copy.front, copy.behind)
        )
        return self.sequence_dies, frozenset().union(*(lane.asks for lane in lanes))


def compile_program(partition: Partition, lanes: Lanes) -> Program:
    """Look up the copies of a partition's segments and what is held before them."""
    every = [
        segments
        for number in range(len(partition.stages))
        for segments in _passes(partition, number)
    ]
    runs = tuple(lanes.run(segments) for segments in every)
    return Program(
        degrees=partition.degrees,
        micro_batches=partition.micro_batches,
        replicas=partition.replicas,
        sequence_dies=partition.sequence_dies,
        fill=partition.fill,
        runs=runs,
        floor=segment_floors(partition, runs),
        states=_states(partition),
    )


def _passes(partition: Partition, number: int) -> tuple[Segments, ...]:
    """Segments of each pass of a model chunk, hand-overs included; none is empty."""
    program, last = partition.stages[number], len(partition.stages) - 1
    onward: Segments = ()
    back: Segments = ()
    if last:
        onward = _handover(program, partition, number, FORWARD) if number < last else ()
        back = _handover(program, partition, number, BACKWARD) if number > 0 else ()
    return (
        _joined(program.forward, onward),
        _joined(program.backward, back),
        _joined(program.backward_last, back),
        _joined(program.optimizer, ()),
    )


def _joined(segments: Segments, more: Segments) -> Segments:
    """Both, not to be empty; the same object where nothing is added."""
    return (*segments, *more) if more else segments or NO_SEGMENTS


def _handover(
    program: StageProgram, partition: Partition, number: int, pass_: str
) -> tuple[Segment, ...]:
    stages = partition.degrees.pp
    if stages == 1 or program.send_bytes <= 0.0:
        return ()
    towards = (number % stages + (1 if pass_ == FORWARD else -1)) % stages
    return _sent(towards, program.send_bytes, pass_)


@lru_cache(maxsize=4096)
def _sent(towards: int, size: float, pass_: str) -> tuple[Segment, ...]:
    phase = Phase("pipeline", pass_, collective=Collective(f"{HANDOVER}{towards}", (), size))
    return (Segment("pipeline", pass_, (phase,)),)


def _states(partition: Partition) -> float:
    pp = partition.degrees.pp
    held = [p.weight_bytes + p.gradient_bytes + p.optimizer_bytes for p in partition.stages]
    return max(held) if len(held) == pp else max(sum(held[stage::pp]) for stage in range(pp))
