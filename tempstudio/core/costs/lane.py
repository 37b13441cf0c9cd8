"""Phases as columns: what a die runs in order is one table, made once for each run of phases."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.partition import Collective, Phase, Segment, Stream

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Columns of a phase.  BYTES: a collective's, or a stream's largest chunk; FOREIGN: all chunks but
# the smallest; KIND: the number of its kind of communication, 0 for none.
FLOP, HBM, OUTPUT, ROWS, TILE_COLUMNS, PRODUCTS, BUFFER, KIND, BYTES = range(9)
STREAMS, HIDDEN, RESIDENT, REREAD, FOREIGN = range(9, 14)
WIDTH = 14

MOST_KEPT = 20_000
NOTHING = 0  # the kind of phases without communication


@dataclass(frozen=True, eq=False)
class Lane:
    """Phases in order, at least one [phases, WIDTH].

    `flop`, `hbm_bytes`: totals over the dies of a replica; `heaviest`: the row whose collective
    moves most bytes, -1 for none; `phases`: what it was made of; `number`: no other's.
    """

    table: FloatArray
    flop: float
    hbm_bytes: float
    heaviest: int
    phases: tuple[Phase, ...]
    number: int = field(default_factory=count().__next__)

    @cached_property
    def asks(self) -> frozenset[Hashable]:
        """What a mapper lays out for it: axes of streams with members, keys of collectives."""
        found: set[Hashable] = set()
        for phase in self.phases:
            if phase.stream is not None and len(phase.stream.chunk_bytes) > 1:
                found.add((phase.stream.axis, len(phase.stream.chunk_bytes)))
            if phase.collective is not None:
                found.add(phase.collective.key)
        return frozenset(found)


@dataclass(frozen=True, eq=False)
class Copy:
    """One copy of a segment as two lanes; `figures` are those that hang on no mesh: how often it is
    repeated, FLOP and bytes over a replica's dies, bytes it leaves, bytes it needs besides."""

    front: Lane
    behind: Lane
    figures: tuple[float, float, float, float, float]
    segment: Segment


@dataclass(frozen=True, eq=False)
class Run:
    """Segments in order: their copies, bytes held before each one's fullest copy `above` what is
    held before them all, and the bytes that they leave."""

    copies: tuple[Copy, ...]
    above: tuple[float, ...]
    saved_bytes: float
    segments: tuple[Segment, ...]


class Lanes:
    """Lanes, copies and runs by what they are made of; `kinds` of communication.

    A kind is a stream whose largest chunk is one byte, or a collective of one byte.
    """

    def __init__(self) -> None:
        self.kinds: list[Stream | Collective | None] = [None]
        self._kind_of: dict[Hashable, int] = {}
        self._lanes: dict[int, Lane] = {}
        self._copies: dict[int, Copy] = {}
        self._runs: dict[int, Run] = {}

    def run(self, segments: tuple[Segment, ...]) -> Run:
        """The copies of some segments."""
        known = self._runs.get(id(segments))
        if known is None:
            if len(self._runs) >= MOST_KEPT:
                self._runs.clear()
            above, held = [], 0.0
            for segment in segments:
                above.append(held + max(0.0, segment.saved_bytes * (segment.repeat - 1)))
                held += segment.saved_bytes * segment.repeat
            copies = tuple(self._copy(segment) for segment in segments)
            known = self._runs[id(segments)] = Run(copies, tuple(above), held, segments)
        return known

    def _copy(self, segment: Segment) -> Copy:
        """The lanes of a segment."""
        known = self._copies.get(id(segment))
        if known is None:
            if len(self._copies) >= MOST_KEPT:
                self._copies.clear()
            front, behind = self._lane(segment.phases), self._lane(segment.background)
            both = front.flop + behind.flop, front.hbm_bytes + behind.hbm_bytes
            held = segment.saved_bytes, segment.transient_bytes
            figures = (float(segment.repeat), *both, *held)
            known = self._copies[id(segment)] = Copy(front, behind, figures, segment)
        return known

    def _lane(self, phases: tuple[Phase, ...]) -> Lane:
        known = self._lanes.get(id(phases))
        if known is None:
            if len(self._lanes) >= MOST_KEPT:
                self._lanes.clear()
            known = self._lanes[id(phases)] = self._made(phases)
        return known

    def _made(self, phases: tuple[Phase, ...]) -> Lane:
        sizes = [phase.collective.bytes if phase.collective else 0.0 for phase in phases]
        largest = max(sizes, default=0.0)
        return Lane(
            table=np.array([self._row(phase) for phase in phases] or [(0.0,) * WIDTH], np.float64),
            flop=sum(phase.work.flop_total for phase in phases),
            hbm_bytes=sum(phase.work.hbm_bytes_total for phase in phases),
            heaviest=sizes.index(largest) if largest > 0.0 else -1,
            phases=phases,
        )

    def _row(self, phase: Phase) -> tuple[float, ...]:
        work, stream, collective = phase.work, phase.stream, phase.collective
        rows, _, columns = work.tile_shape or (0, 0, 0)
        own = work.flop, work.hbm_bytes, work.output_bytes, rows, columns, work.products
        if stream is not None:
            chunks = stream.chunk_bytes
            kind, largest = self._stream_kind(stream), max(chunks)
            foreign = sum(chunks) - min(chunks)
            sizes = kind, largest, 1, 0, stream.resident_bytes, stream.reread_bytes, foreign
        elif collective is not None and collective.bytes > 0.0:
            kind = self._collective_kind(collective)
            sizes = kind, collective.bytes, 0, phase.hidden, 0.0, 0.0, 0.0
        else:
            sizes = NOTHING, 0.0, 0, 0, 0.0, 0.0, 0.0
        return (*own, phase.buffer_bytes, *sizes)

    def _stream_kind(self, stream: Stream) -> int:
        largest = max(stream.chunk_bytes) or 1.0
        even = min(stream.chunk_bytes) == largest
        members = len(stream.chunk_bytes)
        shape = members if even else tuple(size / largest for size in stream.chunk_bytes)
        key = stream.axis, stream.reverse, shape
        known = self._kind_of.get(key)
        if known is None:
            chunks = (1.0,) * members if isinstance(shape, int) else shape
            known = self._number(key, Stream(stream.axis, chunks, stream.reverse))
        return known

    def _collective_kind(self, wanted: Collective) -> int:
        key = wanted.op, wanted.axes, wanted.algorithm
        known = self._kind_of.get(key)
        if known is None:
            known = self._number(key, Collective(wanted.op, wanted.axes, 1.0, wanted.algorithm))
        return known

    def _number(self, key: Hashable, kind: Stream | Collective) -> int:
        self.kinds.append(kind)
        self._kind_of[key] = len(self.kinds) - 1
        return self._kind_of[key]
