"""How often a streamed operator runs because its chunks do not fit the SRAM at once (SPEC 4)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tempstudio.core.machine import Die
from tempstudio.core.partition import Stream, Work

MOST_WAVES = 64


@dataclass(frozen=True)
class Waves:
    """`count` schedules one after another, each with 1/count of every chunk.

    `hbm_bytes` is what a die reads (and writes) besides the operator's own: its stationary operand
    again each further wave, or every part once in and once out where no count fits.
    """

    count: int
    hbm_bytes: float
    through_hbm: bool


def waves_for(stream: Stream, buffer_chunks: float, die: Die) -> Waves:
    """The least count for which held and arriving parts and the tiles fit the SRAM.

    >>> waves_for(Stream("stream", (60e6,) * 8), 2.0, Die()).count
    2
    """
    largest = max(stream.chunk_bytes)
    room = die.sram_bytes - stream.resident_bytes
    need = buffer_chunks * largest
    if room > 0 and need <= room * MOST_WAVES:
        count = max(1, math.ceil(need / room))
        return Waves(count, (count - 1) * stream.reread_bytes, False)
    foreign = sum(stream.chunk_bytes) - min(stream.chunk_bytes)
    return Waves(1, 2.0 * foreign, True)


def with_waves(work: Work, waves: Waves, dies: int) -> Work:
    """The work with the extra memory traffic of its waves and narrower tiles."""
    shape = work.tile_shape
    if shape and waves.count > 1:
        shape = (shape[0], shape[1], max(1, math.ceil(shape[2] / waves.count)))
    return replace(
        work,
        hbm_bytes=work.hbm_bytes + waves.hbm_bytes,
        hbm_bytes_total=work.hbm_bytes_total + waves.hbm_bytes * dies,
        tile_shape=shape,
    )
