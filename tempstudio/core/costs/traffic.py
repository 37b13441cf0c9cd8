"""What communication costs on a mesh: seconds by the most loaded link, joules, and who is hit.

A step of concurrent flows lasts as long as its most loaded link needs for its bytes; a flow then
still travels its latency.  Nothing is simulated: loads are sums, times are maxima.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.flows import Flows
from tempstudio.core.machine import Cluster
from tempstudio.core.topology import Topology

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Traffic:
    """A communication of some size, alone on the machine.

    `steps_s` [steps]; `joule_bits`: bytes x energy per bit over all links; `busy` [links]: share of
    its time for which each link is full; `claim` [links]: the weight of its flows there against
    strangers (1 is a mean flow).
    """

    steps_s: FloatArray
    joule_bits: float
    busy: FloatArray
    claim: FloatArray

    @cached_property
    def seconds(self) -> float:
        """All steps one after the other."""
        return float(self.steps_s.sum())


NOTHING = Traffic(np.zeros(0), 0.0, np.zeros(1), np.zeros(1))


@dataclass(frozen=True, eq=False)
class StepLoad:
    """One step: how long it lasts, what it costs, how it loads the links [links]."""

    drain_s: float
    latency_s: float
    seconds: float
    joule_bits: float
    busy_s: FloatArray
    claim: FloatArray


def step_load(flows: Flows, topology: Topology) -> StepLoad:
    """A step's link loads and, from the most loaded ones, its time."""
    size = np.repeat(flows.bytes, flows.hops)
    loads = np.bincount(flows.hop_link, size, topology.links)
    busy = loads / topology.bytes_per_s
    some = flows.moving
    if not some.any():
        return StepLoad(0.0, 0.0, 0.0, 0.0, busy, busy)
    drain = np.zeros(len(flows))
    crossing = flows.hops > 0
    drain[crossing] = np.maximum.reduceat(busy[flows.hop_link], flows.hop_start[:-1][crossing])
    return StepLoad(
        drain_s=float(drain[some].max()),
        latency_s=float(flows.latency_s[some].mean()),
        seconds=float((drain + flows.latency_s)[some].max()),
        joule_bits=float(loads @ topology.joule_per_bit),
        busy_s=busy,
        claim=loads / flows.bytes[some].mean(),
    )


def traffic_of(steps: Sequence[Flows | None], topology: Topology) -> Traffic:
    """The cost of lock-step steps; equal ones may be one object and are looked at once."""
    known: dict[int, StepLoad] = {}
    for flows in steps:
        if flows is not None and id(flows) not in known:
            known[id(flows)] = step_load(flows, topology)
    if not any(load.seconds > 0 for load in known.values()):
        return NOTHING
    seconds: list[float] = []
    busy, claim = np.zeros(topology.links), np.zeros(topology.links)
    joule_bits = 0.0
    behind_switch = isinstance(topology.machine, Cluster)
    for _, run in groupby(steps, key=id):
        same = list(run)
        count, flows = len(same), same[0]
        if flows is None:
            seconds += [0.0] * count
            continue
        load = known[id(flows)]
        # Behind a switch a chunk passes every hop of a ring: hops count with their mean latency.
        mean = load.drain_s + load.latency_s if behind_switch and count > 1 else load.seconds
        seconds += [mean] * count
        joule_bits += count * load.joule_bits
        busy += count * load.busy_s
        claim += count * mean * load.claim
    total = sum(seconds)
    return Traffic(np.array(seconds), joule_bits, busy / total, claim / total)


def slowdowns(one: Traffic, other: Traffic) -> tuple[float, float]:
    """How much longer each takes while both are in flight: max-min sharing of their worst link.

    Where two need more than a link has, each gets what the other leaves, but no less than its
    claim's share.

    >>> full = Traffic(np.ones(1), 0.0, np.ones(1), np.ones(1))
    >>> slowdowns(full, full)
    (2.0, 2.0)
    """
    if not len(one.steps_s) or not len(other.steps_s):
        return 1.0, 1.0
    both = one.busy + other.busy
    crowded = both > 1.0 + 1e-9
    if not crowded.any():
        return 1.0, 1.0
    a, b = one.busy[crowded], other.busy[crowded]
    fair = one.claim[crowded] / (one.claim[crowded] + other.claim[crowded])
    first = a / np.maximum(np.minimum(fair, 1.0), 1.0 - b)
    second = b / np.maximum(np.minimum(1.0 - fair, 1.0), 1.0 - a)
    return max(1.0, float(first.max())), max(1.0, float(second.max()))
