"""Flows on links: concurrent transfers as columns, their loads, and the time of one phase.

Cut-through (SPEC 5): a flow takes bandwidth on all its links from its start and arrives the sum of
their latencies after its last byte leaves.  Flows of one phase share links by max-min fairness
weighted by their bytes; `tempstudio.core.fluid` runs several phases at once.
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
from tempstudio.core.routes import (
    Route,
    make_routes,
    pack_routes,
    row_starts,
    shifted,
    sum_over_hops,
)
from tempstudio.core.sharing import max_min_rates
from tempstudio.core.topology import FloatArray, IntArray, Topology


@dataclass(frozen=True, eq=False, repr=False)
class Flows:
    """Concurrent flows, one row a path: a flow split over paths is several rows of one `parent`.

    `source`, `target`: die numbers [rows] (of a multicast tree: its root and its deepest leaf);
    `bytes` [rows]; the links of row f are `hop_link[hop_start[f]:hop_start[f + 1]]`, a tree's edges
    each once; `latency_s` [rows]: from a byte's leaving to its arrival (at a tree's deepest leaf).
    """

    source: IntArray
    target: IntArray
    bytes: FloatArray
    hop_link: IntArray
    hop_start: IntArray
    latency_s: FloatArray
    parent: IntArray
    _phases: dict[Topology, PhaseTime] = field(default_factory=dict, init=False, repr=False)

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

    def know_drain(self, drain_s: FloatArray, topology: Topology) -> None:
        """Keep drain times [rows] that are known, so that they need not be worked out."""
        self._phases[topology] = _phase(drain_s, self)

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
    topology: Topology, source: Any, edges: Sequence[Sequence[int]], bytes: Any
) -> Flows:
    """Multicast flows, one a tree: `edges` are each tree's links, every one reached from the root.

    A tree's bytes load each of its edges once; the row's target and latency are the deepest leaf's.
    Raises `InputError` where the links are not a tree that grows from `source`.
    """
    roots = np.array(source, dtype=np.int32, ndmin=1)
    leaves = roots.copy()
    latency = np.zeros(len(roots))
    for row, (root, links) in enumerate(zip(roots.tolist(), edges, strict=True)):
        reached = _reach(topology, root, links)
        leaves[row] = max(reached, key=lambda die: (reached[die], -die))
        latency[row] = reached[int(leaves[row])]
    amounts = np.array(np.broadcast_to(np.asarray(bytes, dtype=float), roots.shape))
    _check(topology, roots, leaves, amounts)
    hop_link, hop_start = pack_routes(edges)
    parent = np.arange(len(roots), dtype=np.int32)
    return Flows(roots, leaves, amounts, hop_link, hop_start, latency, parent)


def _reach(topology: Topology, root: int, links: Sequence[int]) -> dict[int, float]:
    """Latency from the root to each vertex of a tree given as links in any order."""
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


def join_flows(parts: Sequence[Flows]) -> Flows:
    """All rows of several flow sets as one; parents stay apart."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        none, empty = np.zeros(0, dtype=np.int32), np.zeros(0)
        start = np.zeros(1, dtype=np.int32)
        return Flows(none, none.copy(), empty, none.copy(), start, empty.copy(), none.copy())
    first_parent = np.cumsum([0] + [int(p.parent.max(initial=-1)) + 1 for p in parts[:-1]])
    counts = [part.hops for part in parts]
    return Flows(
        source=np.concatenate([part.source for part in parts]),
        target=np.concatenate([part.target for part in parts]),
        bytes=np.concatenate([part.bytes for part in parts]),
        hop_link=np.concatenate([part.hop_link for part in parts]),
        hop_start=row_starts(np.concatenate(counts)),
        latency_s=np.concatenate([part.latency_s for part in parts]),
        parent=np.concatenate(
            [p.parent + first for p, first in zip(parts, first_parent, strict=True)]
        ).astype(np.int32),
    )


def scale_flows(flows: Flows, factor: float) -> Flows:
    """The same flows with `factor` (from 0) times the bytes; what is known of them is kept."""
    if factor == 1.0:
        return flows
    scaled = Flows(
        flows.source,
        flows.target,
        flows.bytes * factor,
        flows.hop_link,
        flows.hop_start,
        flows.latency_s,
        flows.parent,
    )
    scaled.__dict__["hops"] = flows.hops
    if factor > 0:
        _keep(scaled, flows, ("moving", "weights", "claim", "link_set"))
        for topology, phase in flows._phases.items():
            scaled._phases[topology] = _phase(phase.drain_s * factor, flows)
    return scaled


def move_flows(flows: Flows, die: IntArray, link: IntArray) -> Flows:
    """The same flows among other dies over other, equally fast links: `die` and `link` say which.

    `die` [dies] and `link` [links] hold the new number of each old one that the flows use.
    """
    moved = Flows(
        die[flows.source],
        die[flows.target],
        flows.bytes,
        link[flows.hop_link],
        flows.hop_start,
        flows.latency_s,
        flows.parent,
    )
    _keep(moved, flows, ("hops", "moving", "weights"))
    moved._phases.update(flows._phases)
    return moved


def spread_flows(flows: Flows, shift: IntArray, topology: Topology, apart: bool = False) -> Flows:
    """The same flows in many places at once, one place after the other.

    `shift` [places, 2]: rows and columns from where the flows are; every link must be there and be
    as fast.  `apart`: no two places share a link, so that each drains as if it were alone.
    """
    places = len(shift)
    if places == 1 and not shift.any():
        return flows
    die, link = shifted(topology, flows.source, flows.target, flows.hop_link, shift)
    count = int(flows.parent.max(initial=-1)) + 1
    parent = flows.parent + count * np.arange(places, dtype=np.int32)[:, None]
    spread = Flows(
        die[0],
        die[1],
        np.tile(flows.bytes, places),
        link,
        row_starts(np.tile(flows.hops, places)),
        np.tile(flows.latency_s, places),
        parent.ravel().astype(np.int32),
    )
    if apart:
        spread.know_drain(np.tile(phase_time(flows, topology).drain_s, places), topology)
    return spread


def _keep(copy: Flows, flows: Flows, names: tuple[str, ...]) -> None:
    """Hand on what has been worked out for the flows and holds for the copy too."""
    for name in names:
        if name in flows.__dict__:
            copy.__dict__[name] = flows.__dict__[name]


def link_bytes(flows: Flows, topology: Topology) -> FloatArray:
    """Bytes that cross each directed link [links]."""
    each = np.repeat(flows.bytes, flows.hops)
    summed = np.bincount(flows.hop_link, weights=each, minlength=topology.links)
    return summed.astype(np.float64, copy=False)


def byte_hops(flows: Flows) -> float:
    """Bytes times links crossed, summed: what die-to-die energy pays."""
    return float(flows.bytes @ flows.hops)


def phase_time(flows: Flows, topology: Topology) -> PhaseTime:
    """Time of one phase whose flows have the machine to themselves, in closed form.

    With weights = bytes a single water-filling at the start stays the max-min allocation to the
    end.  Let flow f be frozen at level u_f, so that its rate is bytes_f u_f and it drains at 1/u_f.
    At time t the flows left are those of u < 1/t.  A link that froze flows at a level u < 1/t was
    full with flows of level <= u, all of which are left, so it still freezes them at u; every other
    link has only lost flows, so it cannot fill before them.  Hence nobody gains when an early
    finisher leaves, and the phase lasts its most loaded link's bytes / B (plus the last latency).
    """
    known = flows._phases.get(topology)
    if known is None:
        known = _phase(_drain(flows, topology), flows)
        flows._phases[topology] = known
    return known


def last_arrivals(flows: Flows, topology: Topology) -> tuple[FloatArray, FloatArray]:
    """(drain, latency) of the flows of one phase that are last if all bytes are scaled alike.

    All flows over the busiest link drain with it, last of all; where none has more latency than
    those, nothing need be shared out.
    """
    moving = flows.moving
    if not moving.any():
        return np.zeros(0), np.zeros(0)
    if topology not in flows._phases:
        busy = link_bytes(flows, topology) / topology.bytes_per_s
        hot = busy >= busy.max() * (1 - 1e-12)
        some = flows.hops > 0
        crosses = np.zeros(len(flows), dtype=bool)
        crosses[some] = np.logical_or.reduceat(hot[flows.hop_link], flows.hop_start[:-1][some])
        longest = flows.latency_s[moving].max()
        if flows.latency_s[crosses & moving].max(initial=-1.0) >= longest:
            return busy.max(keepdims=True), np.array([longest])
    drain_s = phase_time(flows, topology).drain_s[moving]
    return last_at_some_size(drain_s, flows.latency_s[moving])


def last_at_some_size(drain: FloatArray, latency: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The (drain, latency) among which the largest drain x size + latency is for any size."""
    order = np.lexsort((-latency, -drain))  # slowest to drain first, then only more latency counts
    highest = np.maximum.accumulate(latency[order])
    keep = np.ones(len(order), dtype=bool)
    keep[1:] = highest[1:] > highest[:-1]
    return drain[order][keep], latency[order][keep]


def _phase(drain_s: FloatArray, flows: Flows) -> PhaseTime:
    finish_s = np.where(flows.moving, drain_s + flows.latency_s, 0.0)
    for column in (drain_s, finish_s):
        column.setflags(write=False)
    return PhaseTime(float(finish_s.max(initial=0.0)), drain_s, finish_s)


def _drain(flows: Flows, topology: Topology) -> FloatArray:
    drain, moving = np.zeros(len(flows)), flows.moving
    if not moving.any():
        return drain
    busy = link_bytes(flows, topology) / topology.bytes_per_s
    crossed = np.bincount(flows.hop_link, minlength=topology.links)
    if flows.hops.max() == 1 or crossed.max() == 1:
        # Where flows have one link each, or each their own links, the busiest link is the answer.
        some = flows.hops > 0
        drain[some] = np.maximum.reduceat(busy[flows.hop_link], flows.hop_start[:-1][some])
        return np.where(moving, drain, 0.0)
    rates = max_min_rates(flows.hop_link, flows.hop_start, flows.bytes, topology.bytes_per_s)
    drain[moving] = flows.bytes[moving] / rates[moving]
    return drain


def contention_factor(flows: Flows, topology: Topology) -> float:
    """Phase time over the time that its slowest flow would need alone on a shortest live path.

    1 where nobody is in anybody's way, below 1 where flows are split over several paths; 1 for a
    phase that moves nothing.  SPEC 5.
    """
    drain_s, latency_s = alone_time(flows, topology)
    slowest = float((drain_s + latency_s).max(initial=0.0))
    return phase_time(flows, topology).duration_s / slowest if slowest > 0 else 1.0


def alone_time(flows: Flows, topology: Topology) -> tuple[FloatArray, FloatArray]:
    """(drain, latency) of each moving row's whole flow alone on a shortest live path [moving]."""
    moving = flows.moving
    if not moving.any():
        return np.zeros(0), np.zeros(0)
    total = np.bincount(flows.parent, weights=flows.bytes)
    alone = make_flows(
        topology, flows.source[moving], flows.target[moving], total[flows.parent[moving]]
    )
    narrowest = np.minimum.reduceat(topology.bytes_per_s[alone.hop_link], alone.hop_start[:-1])
    return alone.bytes / narrowest, alone.latency_s


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
