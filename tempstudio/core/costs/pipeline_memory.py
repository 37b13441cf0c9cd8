"""What a stage holds before each segment's fullest copy: activations of passes in flight."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tempstudio.core.costs.book import FloatArray
from tempstudio.core.partition import Partition, Segment


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


def segment_floors(
    partition: Partition, chunks: Sequence[Sequence[Sequence[Segment]]]
) -> FloatArray:
    """Bytes held before the last copy of a forward, the first of a backward [segments]."""
    degrees = partition.degrees
    kept = [sum(s.saved_bytes * s.repeat for s in passes[0]) for passes in chunks]
    floors: list[float] = []
    for number, passes in enumerate(chunks):
        stage, chunk = number % degrees.pp, number // degrees.pp
        flying = passes_in_flight(stage, degrees.pp, degrees.interleave, partition.micro_batches)
        full = sum(count * kept[k * degrees.pp + stage] for k, count in enumerate(flying))
        for place, segments in enumerate(passes):
            held = full - kept[chunk * degrees.pp + stage] if place == 0 else full
            if place == 3:
                held = 0.0
            for segment in segments:
                last = segment.saved_bytes * (segment.repeat - 1)
                floors.append(held + max(0.0, last))
                held += segment.saved_bytes * segment.repeat
    return np.array(floors)
