"""Meshes without a placement: what communication takes at best, or nothing at all.

For candidates whose dies are not chosen yet.  `FreeMesh` makes a bound: no placement is quicker.
`IdealMesh` guesses: groups as compact as can be, their rings at full speed, groups of scattered
members slowed by the traffic of others that they share the mesh with.
"""

from __future__ import annotations

import math

import numpy as np

from tempstudio.core.costs.mesh import REFERENCE, Rounds
from tempstudio.core.costs.traffic import NOTHING, Traffic
from tempstudio.core.machine import Cluster, Machine
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import Collective, Stream
from tempstudio.core.topology import topology_of

NO_LINK = np.zeros(1)


class FreeMesh:
    """Everything arrives at once; dies are as good as the best."""

    def __init__(self, machine: Machine) -> None:
        self.slowest_yield = float(topology_of(machine).die_yield.max(initial=1.0))

    def collective(self, wanted: Collective) -> Traffic:
        """Nothing to wait for."""
        return NOTHING

    def exact(self, wanted: Collective) -> bool:
        """Of nothing there is no size."""
        return False

    def rounds(self, stream: Stream) -> Rounds:
        """Rounds that move at once and hold the least that a ring holds."""
        count = len(stream.chunk_bytes)
        return Rounds(np.zeros(count), np.zeros(count), NOTHING, min(2.0, count - 1.0))


class IdealMesh:
    """Compact groups on a whole mesh, or devices behind their switches."""

    def __init__(self, machine: Machine, degrees: Degrees) -> None:
        self.machine, self.degrees = machine, degrees
        self.slowest_yield = float(topology_of(machine).die_yield.max(initial=1.0))
        cluster = isinstance(machine, Cluster)
        link = machine.intra if isinstance(machine, Cluster) else machine.link
        self._rate, self._hop_s, self._joule = (
            link.data_bytes_per_s,
            link.latency_s,
            link.joule_per_bit,
        )
        self._across = machine.inter if isinstance(machine, Cluster) else None
        self._ports = 1 if cluster else 2

    def collective(self, wanted: Collective) -> Traffic:
        """Seconds of a collective at the rate that its kind attains on compact groups."""
        members, stride = self._extent(wanted.axes)
        if not wanted.axes:  # to the next stage
            return self._traffic(wanted.bytes / self._rate + self._hop_s, wanted.bytes)
        if members < 2 or wanted.bytes <= 0:
            return NOTHING
        rate, hop_s = self._speed(members, stride)
        each = wanted.bytes * (members - 1) / members
        if wanted.op == "all-to-all":
            moved = wanted.bytes * max(1.0, math.sqrt(members) / 4) / rate
            steps = math.sqrt(members)
        else:
            ports = self._ports if members > 3 else 1
            moved = each / (ports * rate)
            steps = members / ports
            if wanted.op == "all-reduce":
                moved, steps = 2 * moved, 2 * steps
        return self._traffic(moved + steps * hop_s, each * members)

    def exact(self, wanted: Collective) -> bool:
        """Time is linear in bytes."""
        return False

    def rounds(self, stream: Stream) -> Rounds:
        """One hop a round; half a chunk each way where the members make a ring."""
        count = len(stream.chunk_bytes)
        split = 2 if count > 3 and count % 2 == 0 and self._ports == 2 else 1
        per_byte = np.full(count, 1.0 / (split * self._rate))
        wait = np.full(count, self._hop_s)
        per_byte[-1] = wait[-1] = 0.0
        moved = REFERENCE * count * self.degrees.size
        unit = self._traffic(float((per_byte * REFERENCE + wait).sum()), moved)
        return Rounds(per_byte, wait, unit, min(2.0, count - 1.0))

    def _traffic(self, seconds: float, moved_bytes: float) -> Traffic:
        return Traffic(np.array([seconds]), moved_bytes * self._joule, NO_LINK, NO_LINK)

    def _extent(self, axes: tuple[str, ...]) -> tuple[int, int]:
        """(members of a group, ranks between two neighbours of it)."""
        degrees = self.degrees
        sizes = {
            "dp": degrees.dp,
            "ep": degrees.ep,
            "replica": degrees.dp // degrees.ep,
            "sp": degrees.sp,
            "tp": degrees.tp,
            "stream": degrees.stream,
        }
        strides = {"tp": degrees.stream, "stream": 1, "sp": degrees.block}
        members, stride = 1, degrees.size
        for axis in axes:
            name, _, size = axis.partition(":")
            members *= int(size) if size else sizes[name]
            if name == "tp" and size:
                stride = min(stride, degrees.block // int(size))
            elif name in ("stream", "block"):
                stride = 1
            else:
                stride = min(stride, strides.get(name, degrees.block * degrees.sp))
        return members, stride

    def _speed(self, members: int, stride: int) -> tuple[float, float]:
        if isinstance(self.machine, Cluster):
            if self._across and members * stride > self.machine.devices_per_node:
                return self._across.data_bytes_per_s, self._across.latency_s
            return self._rate, self._hop_s
        # As many groups as the stride share the links along its square root's side.
        side = max(1.0, math.sqrt(stride))
        return self._rate / side, self._hop_s * side
