"""Routes of many flows at once, as links per flow one after the other (compressed rows).

XY and YX on wafers, the shorter way on a physical ring, the switches of a cluster; a shortest live
path wherever a fault is in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Cluster, Wafer
from tempstudio.core.topology import FloatArray, IntArray, Topology

Route = str | Callable[[int, int], Sequence[int]] | Sequence[Sequence[int]]

EAST, WEST, SOUTH, NORTH = range(4)


def make_routes(
    topology: Topology, source: IntArray, target: IntArray, route: Route | None
) -> tuple[IntArray, IntArray]:
    """(links of all flows, where each flow's begin [flows + 1]); `route` as in `make_flows`."""
    if route is not None and not isinstance(route, str):
        return _given(source, target, route)
    if isinstance(topology.machine, Cluster) and route in (None, "xy", "yx", "shortest"):
        return _cluster_routes(topology, source, target)
    if route in (None, "xy", "yx"):
        return _dimension_routes(topology, source, target, row_first=route != "yx")
    if route != "shortest":
        raise InputError(f"route: found {route!r}, allowed: xy, yx, shortest")
    return _given(source, target, topology.shortest_path)


def _given(
    source: IntArray,
    target: IntArray,
    route: Callable[[int, int], Sequence[int]] | Sequence[Sequence[int]],
) -> tuple[IntArray, IntArray]:
    if not callable(route):
        if len(route) != len(source):
            raise InputError(f"flows: {len(source)} flows, {len(route)} routes")
        return pack_routes(route)
    return pack_routes([route(a, b) for a, b in zip(source.tolist(), target.tolist(), strict=True)])


def pack_routes(routes: Sequence[Sequence[int]]) -> tuple[IntArray, IntArray]:
    """Link lists as (all links, where each list begins [lists + 1])."""
    hops = np.array([len(links) for links in routes], dtype=np.int32)
    flat = [link for links in routes for link in links]
    return np.array(flat, dtype=np.int32), row_starts(hops)


def row_starts(hops: Sequence[int] | IntArray) -> IntArray:
    """Where each row begins, from the rows' lengths [rows] -> [rows + 1]."""
    start = np.zeros(len(hops) + 1, dtype=np.int32)
    np.cumsum(hops, out=start[1:])
    return start


def sum_over_hops(value: FloatArray, hop_link: IntArray, hop_start: IntArray) -> FloatArray:
    """A link property [links] summed along each route [rows]."""
    rows = np.repeat(np.arange(len(hop_start) - 1), np.diff(hop_start))
    summed = np.bincount(rows, weights=value[hop_link], minlength=len(hop_start) - 1)
    return summed.astype(np.float64, copy=False)


class Compass(NamedTuple):
    """Where dies lie and links lead on a machine drawn as one mesh."""

    place: IntArray  # [dies, 2]
    die_at: IntArray  # [rows, cols]
    link: IntArray  # [dies, 4 directions], -1 where none is alive
    direction: IntArray  # [links]
    ring: bool  # whether a physical ring joins the ends of the only row


@lru_cache(maxsize=32)
def _compass(topology: Topology) -> Compass:
    place = np.array(topology.places, dtype=np.int32).reshape(-1, 2)
    rows, cols = place.max(axis=0) + 1
    die_at = np.zeros((rows, cols), dtype=np.int32)
    die_at[place[:, 0], place[:, 1]] = np.arange(len(place), dtype=np.int32)
    step = place[topology.target] - place[topology.source]
    wrap = np.abs(step[:, 1]) > 1  # only a physical ring joins the ends of its row
    step[wrap, 1] = -np.sign(step[wrap, 1])
    direction = np.select(
        [step[:, 1] > 0, step[:, 1] < 0, step[:, 0] > 0], [EAST, WEST, SOUTH], NORTH
    )
    link = np.full((len(place), 4), -1, dtype=np.int32)
    link[topology.source, direction] = np.arange(topology.links, dtype=np.int32)
    return Compass(place, die_at, link, direction.astype(np.int32), bool(wrap.any()))


def _dimension_routes(
    topology: Topology, source: IntArray, target: IntArray, row_first: bool
) -> tuple[IntArray, IntArray]:
    """XY or YX routes of all flows at once; blocked ones fall back on a shortest live path."""
    place, die_at, link, _, ring = _compass(topology)
    here, there = place[source], place[target]
    away = there - here
    cols = die_at.shape[1]
    if ring:  # the shorter way round, upwards on a tie
        around = away[:, 1] % cols
        away[:, 1] = np.where(2 * around <= cols, around, around - cols)
    along, down = np.abs(away[:, 1]), np.abs(away[:, 0])
    hop_start = row_starts(along + down)
    flow = np.repeat(np.arange(len(source), dtype=np.int32), along + down)
    hop = np.arange(len(flow), dtype=np.int32) - hop_start[flow]
    sign = np.sign(away)
    turn = along if row_first else down  # hops before the corner
    level = (hop < turn[flow]) == row_first  # this hop runs along a row
    # A hop starts as far along its own dimension as it has gone, the other is at one of its ends.
    col_gone = np.where(level, hop - (0 if row_first else down[flow]), along[flow] * row_first)
    row_gone = np.where(level, down[flow] * (not row_first), hop - along[flow] * row_first)
    col = (here[flow, 1] + sign[flow, 1] * col_gone) % cols
    row = here[flow, 0] + sign[flow, 0] * row_gone
    direction = np.where(
        level,
        np.where(sign[flow, 1] > 0, EAST, WEST),
        np.where(sign[flow, 0] > 0, SOUTH, NORTH),
    )
    hop_link = link[die_at[row, col], direction]
    blocked = np.unique(flow[hop_link < 0])
    if not len(blocked):
        return hop_link, hop_start
    routes = [hop_link[hop_start[f] : hop_start[f + 1]].tolist() for f in range(len(source))]
    for f in blocked.tolist():
        routes[f] = list(topology.shortest_path(int(source[f]), int(target[f])))
    return pack_routes(routes)


@lru_cache(maxsize=256)
def shift_map(topology: Topology, down: int, right: int) -> tuple[IntArray, IntArray]:
    """(die [dies], link [links]) numbers after a shift over the mesh; -1 where it leaves the mesh
    or the link there is dead."""
    place, die_at, link, direction, _ = _compass(topology)
    row, col = place[:, 0] + down, place[:, 1] + right
    rows, cols = die_at.shape
    on = (row >= 0) & (row < rows) & (col >= 0) & (col < cols)
    die = np.where(on, die_at[np.where(on, row, 0), np.where(on, col, 0)], -1).astype(np.int32)
    start = die[topology.source]
    return die, np.where(start >= 0, link[start, direction], -1).astype(np.int32)


def shifted(
    topology: Topology, source: IntArray, target: IntArray, links: IntArray, shift: IntArray
) -> tuple[tuple[IntArray, IntArray], IntArray]:
    """Dies and links after each of some shifts over the mesh, one shift after the other.

    `shift` [shifts, 2] counts rows and columns; all must stay on the mesh and be alive there.
    """
    place, die_at, link, direction, _ = _compass(topology)

    def move(dies: IntArray) -> IntArray:
        where = place[dies][None] + shift[:, None]  # [shifts, dies, 2]
        moved: IntArray = die_at[where[..., 0], where[..., 1]].ravel()
        return moved

    start = move(topology.source[links])
    return (move(source), move(target)), link[start, np.tile(direction[links], len(shift))]


@lru_cache(maxsize=32)
def switch_ports(topology: Topology) -> tuple[IntArray, IntArray]:
    """Links [devices, 2] up to and down from (the node's switch, the second switch)."""
    machine = topology.machine
    ids, spine = topology.link_ids, topology.vertices - 1
    up = np.full((machine.die_count, 2), -1, dtype=np.int32)
    down = up.copy()
    for device in range(machine.die_count):
        node = machine.die_count + machine.coordinate(device)[0]
        for port, switch in enumerate((node, spine)):
            up[device, port] = ids.get((device, switch), -1)
            down[device, port] = ids.get((switch, device), -1)
    return up, down


def _cluster_routes(
    topology: Topology, source: IntArray, target: IntArray
) -> tuple[IntArray, IntArray]:
    """Through the node's switch inside a node, else through the second switch."""
    up, down = switch_ports(topology)
    per_node = topology.machine.cols
    port = (source // per_node != target // per_node).astype(np.int32)
    apart = source != target
    both = np.stack([up[source, port], down[target, port]], axis=1)[apart]
    return both.ravel().astype(np.int32), row_starts(np.where(apart, 2, 0))


def ring_topology(dies: int, bytes_per_s: float, latency_s: float) -> Topology:
    """`dies` dies on a physical ring: a line whose last die is joined to the first.

    >>> ring_topology(8, 4e12, 2e-7).links
    16
    """
    machine = Wafer(rows=1, cols=dies)
    after = [(die, (die + 1) % dies) for die in range(dies) if dies > 1]
    pairs = sorted({pair for a, b in after for pair in ((a, b), (b, a))})
    ends = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    return Topology(
        machine=machine,
        vertices=dies,
        source=ends[:, 0].copy(),
        target=ends[:, 1].copy(),
        bytes_per_s=np.full(len(ends), bytes_per_s),
        latency_s=np.full(len(ends), latency_s),
        joule_per_bit=np.full(len(ends), machine.link.joule_per_bit),
    )
