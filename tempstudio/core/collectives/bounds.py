"""Lower bounds on the time of a collective, from what its dies' links can carry (SPEC 5).

Two arguments give all of them.  *Cuts*: what must enter or leave a set of dies goes over the links
between it and the rest.  *Work*: every byte moved takes bandwidth on each link of a shortest way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.collectives.algorithms import algorithms
from tempstudio.core.collectives.group import Group, group_of
from tempstudio.core.machine import Cluster
from tempstudio.core.topology import FloatArray, Topology

BoolArray = NDArray[np.bool_]


def collective_bound(
    op: str, members: Sequence[int], bytes_total: float, topology: Topology
) -> float:
    """Seconds that no schedule of the operation can beat, latency left out.

    With d the links of the member that has fewest and E all directed links that routes may use (the
    group's own where its dies hang together): all-gather and reduce-scatter (n-1)/n S/(d B),
    all-reduce max(S/(d B), 2 (n-1) S/(E B)) (Patarasuk and Yuan 2009), broadcast and reduce
    S/(d B), all-to-all the worst straight cut.  Links of different speeds count with theirs.

    >>> from tempstudio.core.machine import Wafer
    >>> from tempstudio.core.topology import topology_of
    >>> round(collective_bound("all-gather", range(8), 4e12, topology_of(Wafer(2, 4))), 4)
    0.4375
    """
    algorithms(op)  # refuses an unknown operation
    group = group_of(tuple(int(die) for die in members), topology)
    if group.size == 1 or bytes_total <= 0:
        return 0.0
    usable = _usable(group)
    exchange = op == "all-to-all"
    shares = _exchange_shares(group, usable) if exchange else _spread_shares(op, group, usable)
    return float(bytes_total * max(shares))


def _usable(group: Group) -> BoolArray:
    """Links that routes may use [links]."""
    usable = np.ones(group.topology.links, dtype=bool)
    if group.confined:
        usable[:] = False
        usable[[route[0] for route in group.inside.values()]] = True
    return usable


def _spread_shares(op: str, group: Group, usable: BoolArray) -> Iterator[float]:
    """Seconds a byte for operations that spread or reduce one vector, each a lower bound."""
    n = group.size
    gathers = op in ("all-gather", "reduce-scatter")
    into, out_of = _ports(group, usable)
    yield ((n - 1) / n if gathers else 1.0) / min(into.min(), out_of.min())
    for inside, count in _nodes(group):
        narrow = min(_capacity(group, inside, usable), _capacity(group, ~inside, usable))
        yield ((n - count) / n if gathers else 1.0) / narrow
    if op == "all-reduce":
        # Without reduction inside the network at least n - 1 vectors go in and n - 1 come out.
        total = float(group.topology.bytes_per_s[usable].sum())
        yield 2 * (n - 1) * _shortest_hop(group) / total


def _exchange_shares(group: Group, usable: BoolArray) -> Iterator[float]:
    """Seconds a byte for an all-to-all: count x (n - count) n-ths cross every cut, either way."""
    n = group.size
    into, out_of = _ports(group, usable)
    yield (n - 1) / n / min(into.min(), out_of.min())
    for inside, count in (*_nodes(group), *_halves(group)):
        if 0 < count < n:
            narrow = min(_capacity(group, inside, usable), _capacity(group, ~inside, usable))
            yield count * (n - count) / n / narrow


def _ports(group: Group, usable: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Bytes a second into and out of every member over usable links [members]."""
    topology, members = group.topology, list(group.members)
    speed = np.where(usable, topology.bytes_per_s, 0.0)
    into = np.bincount(topology.target, weights=speed, minlength=topology.vertices)
    out_of = np.bincount(topology.source, weights=speed, minlength=topology.vertices)
    return into[members].astype(float), out_of[members].astype(float)


def _nodes(group: Group) -> Iterator[tuple[BoolArray, int]]:
    """(vertices, members among them) of every node of a cluster that holds some but not all."""
    topology = group.topology
    if not isinstance(topology.machine, Cluster):
        return
    nodes = [topology.places[die][0] for die in group.members]
    per_node, dies = topology.machine.devices_per_node, topology.machine.die_count
    for node in sorted(set(nodes)):
        if nodes.count(node) < group.size:
            inside = np.zeros(topology.vertices, dtype=bool)
            inside[node * per_node : (node + 1) * per_node] = True
            inside[dies + node] = True
            yield inside, nodes.count(node)


def _halves(group: Group) -> Iterator[tuple[BoolArray, int]]:
    """(vertices, members among them) on one side of a straight cut; half of a physical ring."""
    topology = group.topology
    if isinstance(topology.machine, Cluster):
        return
    places = np.array(topology.places)
    lines = [(axis, line) for axis in (0, 1) for line in range(1, places[:, axis].max() + 1)]
    sides = [places[:, axis] < line for axis, line in lines]
    if group.confined and group.cycle == tuple(range(group.size)):
        half = np.zeros(topology.vertices, dtype=bool)
        half[list(group.members[: group.size // 2])] = True
        sides.append(half)
    members = list(group.members)
    for inside in sides:
        yield inside, int(inside[members].sum())


def _capacity(group: Group, inside: BoolArray, usable: BoolArray) -> float:
    """Bytes a second out of a set of vertices over usable links."""
    topology = group.topology
    crossing = inside[topology.source] & ~inside[topology.target] & usable
    return float(topology.bytes_per_s[crossing].sum())


def _shortest_hop(group: Group) -> int:
    """Links between the two nearest members."""
    if group.confined:
        return 1
    if isinstance(group.topology.machine, Cluster):
        return 2
    places = np.array([group.topology.places[die] for die in group.members])
    apart = np.abs(places[:, None] - places[None]).sum(axis=2)
    return int(apart[apart > 0].min())
