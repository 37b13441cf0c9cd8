"""Rows that follow the core yield: a die that computes more slowly is given fewer (SPEC 3).

Known only once the groups have their dies.  With y_i the yields of a stream group's dies, die i
takes y_i / mean(y) of an even share of rows, to within a row, and all end together.  What it costs:
the fullest die holds and moves more, and where chunks of rows travel (I- and O-streams, keys and
values) every round waits for the largest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tempstudio.core.mapping import Mapping
from tempstudio.core.partition import Partition, Phase, Segment, StageProgram
from tempstudio.core.timeline_tables import FloatArray
from tempstudio.core.topology import Topology

EVEN, FOLLOW, BEST = "even", "yield", "auto"
ROWS, CHUNKS, BOTH = "rows", "chunks", "both"


@dataclass(frozen=True, eq=False)
class RowShares:
    """Shares of rows over an even one: the `largest`, and the largest of each member [members].

    `eased` is what the slowest die's time for its own rows shrinks to.
    """

    largest: float
    members: FloatArray
    eased: float


def row_shares(partition: Partition, mapping: Mapping, topology: Topology) -> RowShares | None:
    """The shares that follow the yields of this mapping's dies; None where all are alike."""
    degrees = partition.degrees
    groups = mapping.groups_of("stream")
    if degrees.stream == 1 or not groups or degrees.pp * degrees.tp * degrees.sp > 1:
        return None
    yields = np.array([topology.die_yield[list(group.dies)] for group in groups])
    if np.ptp(yields, axis=1).max() == 0.0:
        return None
    mean = yields.mean(axis=1)
    share = yields / mean[:, None]
    eased = float(yields.min() / mean.min())
    return RowShares(float(share.max()), share.max(axis=0), eased)


def with_row_shares(partition: Partition, shares: RowShares) -> Partition:
    """The programs with these shares: the same work, memory and bytes as the fullest die's."""

    def segments(old: Sequence[Segment]) -> tuple[Segment, ...]:
        return tuple(_segment(segment, shares) for segment in old)

    def program(old: StageProgram) -> StageProgram:
        return replace(
            old,
            forward=segments(old.forward),
            backward=segments(old.backward),
            backward_last=segments(old.backward_last),
        )

    return replace(partition, stages=tuple(program(old) for old in partition.stages))


def _segment(segment: Segment, shares: RowShares) -> Segment:
    return replace(
        segment,
        phases=tuple(_phase(phase, shares) for phase in segment.phases),
        saved_bytes=segment.saved_bytes * shares.largest,
        transient_bytes=segment.transient_bytes * shares.largest,
    )


def _phase(phase: Phase, shares: RowShares) -> Phase:
    kind = phase.work.share
    if not kind:
        return phase
    waits = shares.largest if kind in (CHUNKS, BOTH) else 1.0
    eased = shares.eased if kind in (ROWS, BOTH) else 1.0
    work = replace(
        phase.work,
        flop=phase.work.flop * eased * waits,
        hbm_bytes=phase.work.hbm_bytes * shares.largest,
        output_bytes=phase.work.output_bytes * shares.largest,
    )
    stream, collective = phase.stream, phase.collective
    if stream is not None and kind in (CHUNKS, BOTH):
        whole = len(stream.chunk_bytes) == len(shares.members)  # else some run of the members
        sizes = np.array(stream.chunk_bytes) * (shares.members if whole else shares.largest)
        stream = replace(stream, chunk_bytes=tuple(sizes.tolist()))
    if collective is not None:
        collective = replace(collective, bytes=collective.bytes * shares.largest)
    return replace(phase, work=work, stream=stream, collective=collective)
