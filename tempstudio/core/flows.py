"""Flows: concurrent transfers as columns, and how they are made.

Cut-through (SPEC 5): a flow takes bandwidth on all its links from its start and arrives the sum of
their latencies after its last byte leaves.  `tempstudio.core.network` times them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.errors import InputError
from tempstudio.core.routes import Route, make_routes, pack_routes, sum_over_hops
from tempstudio.core.topology import FloatArray, IntArray, Topology


@dataclass(frozen=True, eq=False, repr=False)
class Flows:
    """Concurrent flows, one row a path: a flow split over paths is several rows of one `parent`.

    `source`, `target`: die numbers [rows] (of a multicast tree: its root and its deepest leaf);
    `bytes` [rows]; the links of row f are `hop_link[hop_start[f]:hop_start[f + 1]]`, a tree's edges
    each once; `latency_s` [rows]: from a byte's leaving to its arrival (at a tree's deepest leaf).
    `targets` [rows]: the dies that each multicast is for; () where every row is for `target` alone.
    `phases`: what is known of their times as one phase, a topology each.
    """

    source: IntArray
    target: IntArray
    bytes: FloatArray
    hop_link: IntArray
    hop_start: IntArray
    latency_s: FloatArray
    parent: IntArray
    targets: tuple[tuple[int, ...], ...] = ()
    phases: dict[Topology, PhaseTime] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for column in (
            self.source,
            self.target,
            self.bytes,
            self.hop_link,
            self.hop_start,
            self.latency_s,
            self.parent,
        ):
            column.setflags(write=False)

    def __len__(self) -> int:
        return len(self.source)

    def __repr__(self) -> str:
        return f"<Flows: {len(self)} rows, {self.bytes.sum():.6g} bytes, {self.hops.sum()} hops>"

    @cached_property
    def hops(self) -> IntArray:
        """Links of each row [rows]."""
        return np.diff(self.hop_start)

    def know_drain(self, drain_s: FloatArray, topology: Topology) -> PhaseTime:
        """Keep the drain times [rows] of a phase of these alone, as its times on a topology."""
        finish_s = np.where(self.moving, drain_s + self.latency_s, 0.0)
        for column in (drain_s, finish_s):
            column.setflags(write=False)
        self.phases[topology] = PhaseTime(float(finish_s.max(initial=0.0)), drain_s, finish_s)
        return self.phases[topology]

    def route(self, row: int) -> tuple[int, ...]:
        """The link numbers of a row."""
        return tuple(self.hop_link[self.hop_start[row] : self.hop_start[row + 1]].tolist())

    @cached_property
    def moving(self) -> NDArray[np.bool_]:
        """Rows that need the network at all: some bytes over some link [rows]."""
        return (self.bytes > 0) & (self.hops > 0)

    @cached_property
    def link_set(self) -> int:
        """The links that moving rows cross, as the bits of a whole number."""
        used = np.zeros(int(self.hop_link.max(initial=-1)) + 1, dtype=bool)
        used[self.hop_link[np.repeat(self.moving, self.hops)]] = True
        return int.from_bytes(np.packbits(used, bitorder="little").tobytes(), "little")

    @cached_property
    def weights(self) -> FloatArray:
        """Claims against strangers: bytes, scaled to a mean of 1 over the moving rows [rows]."""
        return (
            self.bytes / self.bytes[self.moving].mean() if self.moving.any() else self.bytes * 0.0
        )

    @cached_property
    def claim(self) -> str:
        """A digest of who wants what share of which links: equal where the sharing is the same."""
        digest = blake2b(self.hop_link.tobytes(), digest_size=16)
        digest.update(self.hop_start.tobytes())
        digest.update(self.weights.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class PhaseTime:
    """When the flows of a phase end, counted from its start.

    `duration_s`: the last arrival; `drain_s` [rows]: a row's last byte leaves its source (and its
    links are free); `finish_s` [rows]: it has arrived.  Rows that move nothing end at 0.
    """

    duration_s: float
    drain_s: FloatArray
    finish_s: FloatArray


def make_flows(
    topology: Topology,
    source: Any,
    target: Any,
    bytes: Any,
    route: Route | None = None,
) -> Flows:
    """Flows between dies; `bytes` is one number or one a flow.

    `route` is "xy" (along the row first), "yx", "shortest", a function (source, target) -> links,
    or one link tuple a flow.  Left out: XY on a wafer, through the node's or the second switch on a
    cluster, the shorter way round a physical ring.  Where a fault blocks XY or YX, a shortest live
    path.  Raises `InputError` for a wrong die or amount, `NoPlanError` where no live path is.

    >>> from tempstudio.core.machine import Wafer
    >>> from tempstudio.core.topology import topology_of
    >>> flows = make_flows(topology_of(Wafer(rows=2, cols=3)), [0, 5], [5, 0], 1e6)
    >>> flows.hops.tolist()
    [3, 3]
    """
    sources = np.array(source, dtype=np.int32, ndmin=1)
    targets = np.array(target, dtype=np.int32, ndmin=1)
    amounts = np.array(np.broadcast_to(np.asarray(bytes, dtype=float), sources.shape))
    _check(topology, sources, targets, amounts)
    hop_link, hop_start = make_routes(topology, sources, targets, route)
    return Flows(
        source=sources,
        target=targets,
        bytes=amounts,
        hop_link=hop_link,
        hop_start=hop_start,
        latency_s=sum_over_hops(topology.latency_s, hop_link, hop_start),
        parent=np.arange(len(sources), dtype=np.int32),
    )


def make_trees(
    topology: Topology,
    source: Any,
    edges: Sequence[Sequence[int]],
    bytes: Any,
    targets: Sequence[Sequence[int]] | None = None,
) -> Flows:
    """Multicast flows, one a tree: `edges` are each tree's links, every one reached from the root.

    A tree's bytes load each of its edges once; the row's target and latency are the deepest leaf's.
    `targets`: the dies that each tree is for, all that it reaches if left out.  Raises `InputError`
    where the links are not a tree that grows from `source`, or where it misses a target.
    """
    roots = np.array(source, dtype=np.int32, ndmin=1)
    leaves = roots.copy()
    latency = np.zeros(len(roots))
    wanted = []
    for row, (root, links) in enumerate(zip(roots.tolist(), edges, strict=True)):
        reached = dies_reached(topology, root, links)
        leaves[row] = max(reached, key=lambda die: (reached[die], -die))
        latency[row] = reached[int(leaves[row])]
        wanted.append(tuple(sorted(reached.keys() - {root}) if targets is None else targets[row]))
        missed = set(wanted[-1]) - reached.keys()
        if missed:
            raise InputError(f"tree from die {root}: it does not reach die {min(missed)}")
    amounts = np.array(np.broadcast_to(np.asarray(bytes, dtype=float), roots.shape))
    _check(topology, roots, leaves, amounts)
    hop_link, hop_start = pack_routes(edges)
    parent = np.arange(len(roots), dtype=np.int32)
    return Flows(roots, leaves, amounts, hop_link, hop_start, latency, parent, tuple(wanted))


def dies_reached(topology: Topology, root: int, links: Sequence[int]) -> dict[int, float]:
    """Latency from the root to each vertex of a tree given as links in any order.

    Raises `InputError` where they are no tree that grows from the root.
    """
    reached = {root: 0.0}
    left = [int(link) for link in links]
    while left:
        grown = [link for link in left if int(topology.source[link]) in reached]
        for link in grown:
            end = int(topology.target[link])
            if end in reached:
                raise InputError(f"tree from die {root}: two of its links end at die {end}")
            reached[end] = reached[int(topology.source[link])] + float(topology.latency_s[link])
        if not grown:
            raise InputError(f"tree from die {root}: {len(left)} of its links are cut off from it")
        left = [link for link in left if int(topology.target[link]) not in reached]
    return reached


def _check(topology: Topology, source: IntArray, target: IntArray, amounts: FloatArray) -> None:
    if source.shape != target.shape:
        raise InputError(f"flows: {len(source)} sources, {len(target)} targets")
    dies = topology.machine.die_count
    for ends in (source, target):
        wrong = ends[(ends < 0) | (ends >= dies)]
        if len(wrong):
            raise InputError(f"flows: found die {int(wrong[0])}, allowed: 0 to {dies - 1}")
    if not (np.isfinite(amounts) & (amounts >= 0)).all():
        wrong_bytes = amounts[~(np.isfinite(amounts) & (amounts >= 0))][0]
        raise InputError(f"flows: found {wrong_bytes:g} bytes, allowed: a finite number from 0")
