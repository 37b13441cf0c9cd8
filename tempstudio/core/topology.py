"""The links of a machine as arrays: who joins whom, how fast, and what is broken.

Everything above sees directed links by number.  On a wafer the vertices are the dies; a cluster has
its switches as further vertices behind the devices, so that a route is a run of links there too.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.errors import NoPlanError
from tempstudio.core.machine import Cluster, Machine, Wafer

if TYPE_CHECKING:
    import networkx

IntArray = NDArray[np.int32]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Topology:
    """Live directed links; arrays run over links, `vertices` counts dies and switches.

    `source`, `target`: vertex numbers [links]; `bytes_per_s`, `latency_s`, `joule_per_bit` [links].
    """

    machine: Machine
    vertices: int
    source: IntArray
    target: IntArray
    bytes_per_s: FloatArray
    latency_s: FloatArray
    joule_per_bit: FloatArray

    @property
    def links(self) -> int:
        """Number of live directed links."""
        return len(self.source)

    @cached_property
    def link_ids(self) -> dict[tuple[int, int], int]:
        """(source, target) -> link number."""
        pairs = zip(self.source.tolist(), self.target.tolist(), strict=True)
        return {pair: number for number, pair in enumerate(pairs)}

    @cached_property
    def neighbours(self) -> tuple[tuple[int, ...], ...]:
        """Vertices that each vertex can send to."""
        found: list[list[int]] = [[] for _ in range(self.vertices)]
        for a, b in self.link_ids:
            found[a].append(b)
        return tuple(tuple(sorted(targets)) for targets in found)

    @cached_property
    def components(self) -> tuple[tuple[int, ...], ...]:
        """Connected parts of the working dies, largest first."""
        left = set(self.machine.alive_ids)
        parts = []
        while left:
            start = min(left)
            part = self._reached(start)
            parts.append(tuple(sorted(v for v in part if v < self.machine.die_count)))
            left -= part
        return tuple(sorted(parts, key=len, reverse=True))

    def _reached(self, start: int) -> set[int]:
        seen, queue = {start}, deque([start])
        while queue:
            for other in self.neighbours[queue.popleft()]:
                if other not in seen:
                    seen.add(other)
                    queue.append(other)
        return seen

    def shortest_path(self, source: int, target: int) -> tuple[int, ...]:
        """Link numbers of a shortest live path (fewest links, the lowest vertex first on a tie)."""
        path = self._paths_from(source, target).get(target)
        if path is None:
            a, b = self.machine.coordinate(source), self.machine.coordinate(target)
            raise NoPlanError(f"no live path from die {list(a)} to die {list(b)}")
        return path

    def hops(self, source: int, target: int) -> int:
        """Links on a shortest live path."""
        return len(self.shortest_path(source, target))

    def _paths_from(self, source: int, target: int) -> dict[int, tuple[int, ...]]:
        """Shortest paths from a source, breadth first and only as far as the target."""
        if source not in self._path_cache:
            self._path_cache[source] = {source: ()}, deque([source])
        paths, queue = self._path_cache[source]
        while queue and target not in paths:
            here = queue.popleft()
            for other in self.neighbours[here]:
                if other not in paths:
                    paths[other] = (*paths[here], self.link_ids[here, other])
                    queue.append(other)
        return paths

    @cached_property
    def _path_cache(self) -> dict[int, tuple[dict[int, tuple[int, ...]], deque[int]]]:
        return {}

    def xy_path(self, source: int, target: int) -> tuple[int, ...]:
        """Along the row, then the column; a shortest live path where a fault is in the way."""
        return self._dimension_path(source, target, row_first=True)

    def yx_path(self, source: int, target: int) -> tuple[int, ...]:
        """Along the column, then the row; a shortest live path where a fault is in the way."""
        return self._dimension_path(source, target, row_first=False)

    def _dimension_path(self, source: int, target: int, row_first: bool) -> tuple[int, ...]:
        if isinstance(self.machine, Cluster):
            return self.shortest_path(source, target)
        here, there = self.places[source], self.places[target]
        corner = (here[0], there[1]) if row_first else (there[0], here[1])
        path: list[int] = []
        for end in (corner, there):
            while here != end:
                step = tuple(np.sign(np.subtract(end, here)).tolist())
                after = (here[0] + step[0], here[1] + step[1])
                link = self.link_ids.get((self.die_at[here], self.die_at[after]))
                if link is None:
                    return self.shortest_path(source, target)
                path.append(link)
                here = after
        return tuple(path)

    @cached_property
    def places(self) -> tuple[tuple[int, int], ...]:
        """(row, column) of each die on the machine drawn as one mesh (wafers side by side)."""
        machine = self.machine
        coordinates = (machine.coordinate(die) for die in range(machine.die_count))
        if isinstance(machine, Wafer):
            return tuple(machine.chain_place(place) for place in coordinates)
        return tuple((place[0], place[1]) for place in coordinates)

    @cached_property
    def die_at(self) -> dict[tuple[int, int], int]:
        """The die number at a (row, column) of `places`."""
        return {place: die for die, place in enumerate(self.places)}

    @cached_property
    def die_yield(self) -> FloatArray:
        """Factor on each die's compute [dies]; 0 for a dead one."""
        factors = np.ones(self.machine.die_count)
        for *place, factor in self.machine.core_yield:
            factors[self.machine.die_id(tuple(int(x) for x in place))] = factor
        factors[list(self.machine.dead_ids)] = 0.0
        return factors

    def graph(self) -> networkx.DiGraph:
        """The live machine as a networkx graph with link numbers on its edges."""
        import networkx

        graph = networkx.DiGraph()
        graph.add_nodes_from(self.machine.alive_ids)
        for (a, b), number in self.link_ids.items():
            graph.add_edge(a, b, link=number)
        return graph


@lru_cache(maxsize=32)
def topology_of(machine: Machine) -> Topology:
    """The links of a machine (cached: machines are immutable).

    >>> topology_of(Wafer(rows=6, cols=8)).links
    164
    """
    return _wafer_links(machine) if isinstance(machine, Wafer) else _cluster_links(machine)


def usable_dies(machine: Machine) -> int:
    """How many dies a plan can use together: of one wafer, the largest part that hangs together.

    >>> usable_dies(Wafer(rows=2, cols=3, dead_dies=((0, 1), (1, 1))))
    2
    """
    if isinstance(machine, Wafer) and machine.wafers == 1:
        return max(map(len, topology_of(machine).components), default=0)
    return machine.alive_count


def _wafer_links(wafer: Wafer) -> Topology:
    ids = np.arange(wafer.die_count, dtype=np.int32).reshape(wafer.wafers, wafer.rows, wafer.cols)
    mesh = np.concatenate(list(ids), axis=1)
    pairs = np.concatenate(
        [
            np.stack([mesh[:, :-1].ravel(), mesh[:, 1:].ravel()], axis=1),
            np.stack([mesh[:-1].ravel(), mesh[1:].ravel()], axis=1),
        ]
    )
    dead = np.zeros(wafer.die_count, dtype=bool)
    dead[list(wafer.dead_ids)] = True
    broken = {tuple(sorted((wafer.die_id(a), wafer.die_id(b)))) for a, b in wafer.dead_links}
    alive = ~(dead[pairs[:, 0]] | dead[pairs[:, 1]])
    if broken:
        alive &= np.array([(min(a, b), max(a, b)) not in broken for a, b in pairs.tolist()])
    pairs = pairs[alive]
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    per_wafer = wafer.rows * wafer.cols
    crossing = both[:, 0] // per_wafer != both[:, 1] // per_wafer
    joint, link = wafer.between_wafers, wafer.link
    return Topology(
        machine=wafer,
        vertices=wafer.die_count,
        source=both[:, 0].astype(np.int32),
        target=both[:, 1].astype(np.int32),
        bytes_per_s=np.where(crossing, joint.bytes_per_s / wafer.rows, link.data_bytes_per_s),
        latency_s=np.where(crossing, joint.latency_s, link.latency_s),
        joule_per_bit=np.full(len(both), link.joule_per_bit),
    )


def _cluster_links(cluster: Cluster) -> Topology:
    devices = np.arange(cluster.die_count, dtype=np.int32)
    switches = cluster.die_count + devices // cluster.devices_per_node
    spine = np.full(len(devices), cluster.die_count + cluster.nodes, dtype=np.int32)
    fast, slow = cluster.intra, cluster.inter
    parts = [(devices, switches, fast), (switches, devices, fast)]
    if cluster.nodes > 1:
        parts += [(devices, spine, slow), (spine, devices, slow)]
    # A route crosses two such links, so each carries half of the hop's latency and energy.
    return Topology(
        machine=cluster,
        vertices=cluster.die_count + cluster.nodes + (cluster.nodes > 1),
        source=np.concatenate([a for a, _, _ in parts]).astype(np.int32),
        target=np.concatenate([b for _, b, _ in parts]).astype(np.int32),
        bytes_per_s=np.concatenate(
            [np.full(len(a), link.data_bytes_per_s) for a, _, link in parts]
        ),
        latency_s=np.concatenate([np.full(len(a), link.latency_s / 2) for a, _, link in parts]),
        joule_per_bit=np.concatenate(
            [np.full(len(a), link.joule_per_bit / 2) for a, _, link in parts]
        ),
    )
