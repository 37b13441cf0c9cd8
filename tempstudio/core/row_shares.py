"""Rows that follow the core yield: a die that computes more slowly is given fewer (SPEC 3).

Known only once the groups have their dies.  With y_i the yields of a stream group's dies, die i
takes y_i / mean(y) of an even share of rows, to within a row, and all end together.  Peers of tp
work on the same rows and stages hand them on, so y_i is the least among these.  What it costs: the
fullest die holds and moves more, and where chunks of rows travel (I- and O-streams, keys and
values) every round waits for the largest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle

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

    `eased` [stages] is what the time of a stage's dies for their own rows shrinks to.
    """

    largest: float
    members: FloatArray
    eased: FloatArray


def row_shares(partition: Partition, mapping: Mapping, topology: Topology) -> RowShares | None:
    """The shares that follow the yields of this mapping's dies; None where all are alike."""
    degrees = partition.degrees
    groups = mapping.groups_of("stream")
    if degrees.stream == 1 or not groups:
        return None
    grid = (degrees.pp, degrees.dp, degrees.sp, degrees.tp, degrees.stream)
    yields = topology.die_yield[list(mapping.placement)].reshape(grid)
    least = yields.min(axis=(0, 3), keepdims=True)
    if np.ptp(least, axis=-1).max() == 0.0:
        return None
    share = np.broadcast_to(least / least.mean(axis=-1, keepdims=True), grid)
    within = (1, 2, 3, 4)
    eased = (share / yields).max(axis=within) * yields.min(axis=within)
    members = share.ravel()[[list(group.ranks) for group in groups]].max(axis=0)
    return RowShares(float(share.max()), members, eased)


def with_row_shares(partition: Partition, shares: RowShares) -> Partition:
    """The programs with these shares: the same work, memory and bytes as the fullest die's."""

    def program(old: StageProgram, eased: float) -> StageProgram:
        def segments(old: Sequence[Segment]) -> tuple[Segment, ...]:
            return tuple(_segment(segment, shares, eased) for segment in old)

        return replace(
            old,
            forward=segments(old.forward),
            backward=segments(old.backward),
            backward_last=segments(old.backward_last),
            send_bytes=old.send_bytes * shares.largest,
        )

    eased = cycle(shares.eased.tolist())  # of interleaved model chunks the stage runs fastest
    return replace(partition, stages=tuple(map(program, partition.stages, eased)))


def _segment(segment: Segment, shares: RowShares, eased: float) -> Segment:
    return replace(
        segment,
        phases=tuple(_phase(phase, shares, eased) for phase in segment.phases),
        saved_bytes=segment.saved_bytes * shares.largest,
        transient_bytes=segment.transient_bytes * shares.largest,
    )


def _phase(phase: Phase, shares: RowShares, eased: float) -> Phase:
    kind = phase.work.share
    if not kind:
        return phase
    stream, collective = phase.stream, phase.collective
    # Along sp go whole groups' keys and values, which are as many however a group shares its rows.
    chunks = kind in (CHUNKS, BOTH) and (stream is None or stream.axis != "sp")
    factor = (eased if kind in (ROWS, BOTH) else 1.0) * (shares.largest if chunks else 1.0)
    work = replace(
        phase.work,
        flop=phase.work.flop * factor,
        hbm_bytes=phase.work.hbm_bytes * shares.largest,
        output_bytes=phase.work.output_bytes * shares.largest,
    )
    if stream is not None and chunks:
        whole = len(stream.chunk_bytes) == len(shares.members)  # else some run of the members
        sizes = np.array(stream.chunk_bytes) * (shares.members if whole else shares.largest)
        stream = replace(stream, chunk_bytes=tuple(sizes.tolist()))
    if collective is not None:
        collective = replace(collective, bytes=collective.bytes * shares.largest)
    buffer_bytes = phase.buffer_bytes * shares.largest
    return replace(
        phase, work=work, stream=stream, collective=collective, buffer_bytes=buffer_bytes
    )
