"""What a stage holds before each segment's fullest copy: activations of passes in flight."""

from __future__ import annotations

from collections.abc import Sequence

from tempstudio.core.costs.lane import Run
from tempstudio.core.partition import Partition

PASSES = 4  # forward, backward, backward of the last micro-batch, optimizer


def passes_in_flight(stage: int, stages: int, chunks: int, micro_batches: int) -> list[int]:
    """Most forwards of each model chunk that a stage keeps at once under 1F1B [chunks].

    >>> passes_in_flight(0, 4, 1, 8)
    [4]
    """
    total = micro_batches * chunks
    if chunks == 1:
        return [min(total, stages - stage)]
    warm = total if micro_batches == stages else 2 * (stages - stage - 1) + (chunks - 1) * stages
    held = [0] * chunks
    for turn in range(min(total, warm + 1)):
        held[turn % (stages * chunks) // stages] += 1
    return held


def segment_floors(partition: Partition, passes: Sequence[Run]) -> tuple[float, ...]:
    """Bytes held before the last copy of a forward, the first of a backward [segments].

    `passes` are the four of each model chunk, in order.
    """
    degrees = partition.degrees
    kept = [run.saved_bytes for run in passes[::PASSES]]
    floors: list[float] = []
    for number, own in enumerate(kept):
        full = own
        if degrees.pp > 1:
            stage, chunks = number % degrees.pp, degrees.interleave
            flying = passes_in_flight(stage, degrees.pp, chunks, partition.micro_batches)
            full = sum(count * kept[k * degrees.pp + stage] for k, count in enumerate(flying))
        before = full - own, full, full, 0.0
        for held, run in zip(before, passes[PASSES * number :], strict=False):
            floors += [held + above for above in run.above]
    return tuple(floors)
