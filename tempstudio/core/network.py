"""Loads of links and the time of one phase whose flows have the machine to themselves.

Flows of one phase share links by max-min fairness weighted by their bytes;
`tempstudio.core.fluid` runs several phases at once.
"""

from __future__ import annotations

import numpy as np

from tempstudio.core.flows import Flows, PhaseTime, make_flows
from tempstudio.core.sharing import max_min_rates
from tempstudio.core.topology import FloatArray, Topology


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
    known = flows.phases.get(topology)
    return known if known is not None else flows.know_drain(_drain(flows, topology), topology)


def last_arrivals(flows: Flows, topology: Topology) -> tuple[FloatArray, FloatArray]:
    """(drain, latency) of the flows of one phase that are last if all bytes are scaled alike.

    All flows over the busiest link drain with it, last of all; where none has more latency than
    those, nothing need be shared out.
    """
    moving = flows.moving
    if not moving.any():
        return np.zeros(0), np.zeros(0)
    if topology not in flows.phases:
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
