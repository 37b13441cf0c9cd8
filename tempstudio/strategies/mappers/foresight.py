"""What a placement promises, in a millisecond: plain rings and exchanges on its links.

Every segment lasts as long as its foreground or its background, streams beside their compute; a
collective takes its ring's busiest link and the latency of its steps.  Enough to tell promising
placements from poor ones; the mapper then times the promising ones on the mesh.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tempstudio.core.compute import compute_seconds
from tempstudio.core.machine import Machine
from tempstudio.core.mapping import Mapping
from tempstudio.core.parallel import axis_groups
from tempstudio.core.partition import Partition, Phase
from tempstudio.core.routes import make_routes
from tempstudio.core.topology import IntArray, Topology, topology_of
from tempstudio.strategies.mappers.traffic import passes

FEW = 16  # members up to which an exchange is looked at pair by pair

Key = tuple[int, str, tuple[str, ...]]  # stage, operation, axes
Load = tuple[float, float]  # seconds a byte, seconds of latency


@dataclass(frozen=True)
class Piece:
    """One phase: its compute, and what it moves (`bytes` 0: nothing)."""

    compute_s: float
    key: Key
    bytes: float


@dataclass(frozen=True, eq=False)
class Foresight:
    """The traffic of a partition, ready to be held against many placements."""

    partition: Partition
    machine: Machine

    def seconds(self, mapping: Mapping) -> float:
        """Seconds of the busiest stage, foreseen."""
        loads: dict[Key, Load] = {}
        stages = np.zeros(self.partition.degrees.pp)
        for stage, times, front, behind in self._segments:
            ahead = sum(self._lasts(piece, mapping, loads) for piece in front)
            hidden = sum(self._lasts(piece, mapping, loads) for piece in behind)
            stages[stage] += times * max(ahead, hidden)
        return float(stages.max(initial=0.0))

    @cached_property
    def _topology(self) -> Topology:
        return topology_of(self.machine)

    @cached_property
    def _segments(self) -> list[tuple[int, int, tuple[Piece, ...], tuple[Piece, ...]]]:
        pp = self.partition.degrees.pp
        return [
            (
                number % pp,
                times,
                tuple(self._piece(phase, number % pp) for phase in segment.phases),
                tuple(self._piece(phase, number % pp) for phase in segment.background),
            )
            for number, program in enumerate(self.partition.stages)
            for segment, times in passes(program, self.partition)
        ]

    def _piece(self, phase: Phase, stage: int) -> Piece:
        seconds = compute_seconds(phase.work, self.machine.die)
        if phase.stream is not None:
            largest = max(phase.stream.chunk_bytes)
            return Piece(seconds, (stage, "stream", (phase.stream.axis,)), largest)
        if phase.collective is not None:
            op, axes = phase.collective.op, phase.collective.axes
            return Piece(seconds, (stage, op, axes), phase.collective.bytes)
        return Piece(seconds, (stage, "", ()), 0.0)

    def _lasts(self, piece: Piece, mapping: Mapping, loads: dict[Key, Load]) -> float:
        if not piece.bytes:
            return piece.compute_s
        if piece.key not in loads:
            loads[piece.key] = self._load(piece.key, mapping)
        a_byte, latency_s = loads[piece.key]
        moving = a_byte * piece.bytes + latency_s
        return (
            max(piece.compute_s, moving) if piece.key[1] == "stream" else piece.compute_s + moving
        )

    def _load(self, key: Key, mapping: Mapping) -> Load:
        stage, op, axes = key
        if op == "stream":
            schedules = [group.schedule for group in mapping.groups_of(axes[0])]
            chunks = max((s.n_rounds / s.split for s in schedules), default=0.0)
            return chunks / float(self._topology.bytes_per_s.max(initial=1.0)), 0.0
        places = np.array(mapping.placement, dtype=np.int32)
        groups: IntArray = places[axis_groups(self.partition.degrees, axes, stage)]
        if groups.shape[1] < 2:
            return 0.0, 0.0
        if op == "all-to-all":
            return self._exchange(groups)
        a_byte, latency_s = self._ring(groups)
        return (2 * a_byte, 2 * latency_s) if op == "all-reduce" else (a_byte, latency_s)

    def _ring(self, groups: IntArray) -> Load:
        """Round the members both ways; whole grids need as many steps as they have lines."""
        members = groups.shape[1]
        onward = np.roll(groups, -1, axis=1)
        source = np.concatenate([groups.ravel(), onward.ravel()])
        target = np.concatenate([onward.ravel(), groups.ravel()])
        busiest, latency_s = self._at_once(source, target)
        place = np.array(self._topology.places)[groups[0]]
        lines = [len(np.unique(place[:, axis])) for axis in (0, 1)]
        steps = sum(lines) - 2 if lines[0] * lines[1] == members else members // 2
        return busiest * (members - 1) / (2 * members), steps * latency_s

    def _exchange(self, groups: IntArray) -> Load:
        """All pairs at once; of large groups, round the ring."""
        members = groups.shape[1]
        if members > FEW:
            a_byte, latency_s = self._ring(groups)
            return a_byte * members / 4, latency_s
        source = np.repeat(groups, members, axis=1).ravel()
        target = np.tile(groups, (1, members)).ravel()
        busiest, latency_s = self._at_once(source, target)
        return busiest / members, latency_s

    def _at_once(self, source: IntArray, target: IntArray) -> Load:
        """(seconds of the busiest link, longest latency) if every pair sends a byte."""
        topology = self._topology
        links, start = make_routes(topology, source, target, None)
        busy = np.bincount(links, minlength=topology.links) / topology.bytes_per_s
        hops = int(np.diff(start).max(initial=0))
        slowest = float(topology.latency_s.max(initial=0.0))
        return float(busy.max(initial=0.0)), hops * slowest
