"""A partition as columns: numbers of phases, lane by lane, with what a step makes of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tempstudio.core.costs.book import NOTHING_TO_DO, FloatArray, IntArray, PhaseBook
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

PASSES = 4  # forward, backward, backward of the last micro-batch, optimizer
NO_SEGMENT = Segment("", FORWARD, ())


@dataclass(frozen=True, eq=False)
class Program:
    """What all stages run.  Segments stand by model chunk, then by pass; each has two lanes.

    `rows` [rows]: phase numbers, a segment's foreground and then its background; `lanes`
    [2 segments]: where each begins; `chunk_rows` where each model chunk's begin, `passes`
    [chunks x PASSES] where each pass's segments begin.  Per segment: `repeat`, `counts` (copies in
    a step), `fill` of these, totals of `flop` and `hbm_bytes` over the stage's `dies`; `saved`,
    `transient` and `floor` bytes (held before the copy that holds most).  `contended` holds, for
    each segment with a background: first and last row of its foreground, the number of the
    background phase that moves most, the model chunk.
    """

    degrees: Degrees
    micro_batches: int
    rows: IntArray
    lanes: IntArray
    passes: IntArray
    chunk_rows: IntArray
    repeat: FloatArray
    counts: FloatArray
    fill: FloatArray
    flop: FloatArray
    hbm_bytes: FloatArray
    dies: int
    saved: FloatArray
    transient: FloatArray
    floor: FloatArray
    contended: tuple[tuple[int, int, int, int], ...]
    states: tuple[float, ...]
    mapping_key: tuple[object, ...]

    @property
    def segments(self) -> int:
        """Segments of all passes of all model chunks."""
        return len(self.repeat)


def compile_program(partition: Partition, book: PhaseBook) -> Program:
    """Number the phases of a partition and gather what their copies add up to."""
    degrees = partition.degrees
    chunks = [_passes(partition, number) for number in range(len(partition.stages))]
    flat = [segment for passes in chunks for segments in passes for segment in segments]
    rows: list[int] = []
    lanes: list[int] = []
    contended: list[tuple[int, int, int, int]] = []
    chunk_of = [k for k, passes in enumerate(chunks) for segments in passes for _ in segments]
    # Passes share what is alike in them.
    known = {id(phases): phases for s in flat for phases in (s.phases, s.background)}
    lane_of = {key: book.lane(phases) for key, phases in known.items()}
    both = [(lane_of[id(segment.phases)], lane_of[id(segment.background)]) for segment in flat]
    for chunk, (front, behind) in zip(chunk_of, both, strict=True):
        lanes += [len(rows), len(rows) + len(front.numbers)]
        rows += front.numbers + behind.numbers
        if behind.heaviest != NOTHING_TO_DO:
            contended.append((lanes[-2], lanes[-1], behind.heaviest, chunk))
    sizes = [len(segments) for passes in chunks for segments in passes]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    times = _copies(partition)
    counts = [
        times[place % PASSES] * segment.repeat
        for place, segments in enumerate(s for passes in chunks for s in passes)
        for segment in segments
    ]
    optimizing = np.repeat(np.arange(len(sizes)) % PASSES == PASSES - 1, sizes)
    first_segments = starts[::PASSES][: len(chunks)]
    lane_start = np.array(lanes, dtype=np.int64)
    return Program(
        degrees=degrees,
        micro_batches=partition.micro_batches,
        rows=np.array(rows, dtype=np.int64),
        lanes=lane_start,
        passes=starts[:-1],
        chunk_rows=np.append(lane_start[2 * first_segments], len(rows)),
        repeat=np.array([s.repeat for s in flat], dtype=np.float64),
        counts=np.array(counts, dtype=np.float64),
        fill=np.where(optimizing, 1.0, partition.fill),
        flop=np.array([front.flop + behind.flop for front, behind in both]),
        hbm_bytes=np.array([front.hbm_bytes + behind.hbm_bytes for front, behind in both]),
        dies=degrees.size // degrees.pp,
        saved=np.array([s.saved_bytes for s in flat]),
        transient=np.array([s.transient_bytes for s in flat]),
        floor=segment_floors(partition, chunks),
        contended=tuple(contended),
        states=_states(partition),
        mapping_key=_mapping_key(partition),
    )


def _copies(partition: Partition) -> tuple[int, int, int, int]:
    return partition.micro_batches, partition.micro_batches - 1, 1, 1


def _passes(partition: Partition, number: int) -> list[tuple[Segment, ...]]:
    """Segments of each pass of a model chunk, hand-overs included; none is empty."""
    program, last = partition.stages[number], len(partition.stages) - 1
    onward = _handover(program, partition, number, FORWARD) if number < last else ()
    back = _handover(program, partition, number, BACKWARD) if number > 0 else ()
    passes = (
        (*program.forward, *onward),
        (*program.backward, *back),
        (*program.backward_last, *back),
        program.optimizer,
    )
    return [segments or (NO_SEGMENT,) for segments in passes]


def _handover(
    program: StageProgram, partition: Partition, number: int, pass_: str
) -> tuple[Segment, ...]:
    stages = partition.degrees.pp
    if stages == 1 or program.send_bytes <= 0.0:
        return ()
    towards = (number % stages + (1 if pass_ == FORWARD else -1)) % stages
    collective = Collective(f"{HANDOVER}{towards}", (), program.send_bytes)
    return (Segment("pipeline", pass_, (Phase("pipeline", pass_, collective=collective),)),)


def _states(partition: Partition) -> tuple[float, ...]:
    pp = partition.degrees.pp
    return tuple(
        sum(
            program.weight_bytes + program.gradient_bytes + program.optimizer_bytes
            for program in partition.stages[stage::pp]
        )
        for stage in range(pp)
    )


def _mapping_key(partition: Partition) -> tuple[object, ...]:
    """What of a partition a placing mapper's answer hangs on, besides degrees and placement."""
    axes: set[tuple[str, int]] = set()
    kinds: set[str] = set()
    for program in partition.stages:
        segments = (*program.forward, *program.backward_last, *program.optimizer)
        for segment in segments:
            for phase in (*segment.phases, *segment.background):
                if phase.stream is not None and len(phase.stream.chunk_bytes) > 1:
                    axes.add((phase.stream.axis, len(phase.stream.chunk_bytes)))
                if phase.collective is not None:
                    kinds.add(phase.collective.key)
    return partition.sequence_dies, frozenset(axes), frozenset(kinds)
