"""The schedule of a collective on a group: by a named algorithm, or by the fastest of all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple

from tempstudio.core.collectives.algorithms import algorithms
from tempstudio.core.collectives.group import Group, group_of
from tempstudio.core.collectives.sized import Choice, choose, prototype, sized_steps
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.flow_copies import join_flows
from tempstudio.core.flows import Flows
from tempstudio.core.machine import Cluster
from tempstudio.core.network import phase_time
from tempstudio.core.topology import Topology

# Larger groups send directly only when asked to.
MOST_DIRECT = 128
# On whole grids of more dies rows and columns gather: as fast as a path, and in fewer steps.
MOST_CHAINED = 64
ON_CLUSTERS = ("ring", "hierarchical")


class CollectiveSchedule(NamedTuple):
    """Lock-step `steps`: each ends when all its flows have arrived.  Equal steps are one object."""

    algorithm: str
    steps: tuple[Flows, ...]
    time_s: float


def collective_steps(
    op: str,
    algorithm: str,
    members: Sequence[int],
    bytes_total: float,
    topology: Topology,
    order: Sequence[int] | None = None,
) -> list[Flows]:
    """The lock-step steps of an operation on a group by a named algorithm.

    `members` are die numbers, the root first.  Rings and chains follow `order` (the same dies) if
    it is given, else a cycle or path of neighbours, else what comes nearest.  `InputError` for a
    wrong operation, algorithm, group or size; `NoPlanError` where the algorithm cannot serve the
    group.

    >>> from tempstudio.core.machine import Wafer
    >>> from tempstudio.core.topology import topology_of
    >>> len(collective_steps("all-gather", "ring", range(8), 1e9, topology_of(Wafer(2, 4))))
    7
    """
    if algorithm not in algorithms(op):
        allowed = ", ".join(algorithms(op))
        raise InputError(f"algorithm: found {algorithm!r}, allowed for {op}: {allowed}")
    group = _group(members, topology, order)
    if _nothing_to_do(group, bytes_total):
        return []
    steps = sized_steps(group, op, algorithm, float(bytes_total))
    if isinstance(steps, NoPlanError):
        raise NoPlanError(str(steps))
    return list(steps)


def best_collective(
    op: str, members: Sequence[int], bytes_total: float, topology: Topology
) -> CollectiveSchedule:
    """The fastest schedule of an operation on a group; remembered by the group's shape.

    >>> from tempstudio.core.machine import Wafer
    >>> from tempstudio.core.topology import topology_of
    >>> best = best_collective("all-reduce", range(8), 4e12, topology_of(Wafer(1, 8)))
    >>> best.algorithm, round(best.time_s, 2)  # S/B, the bound on a line
    ('chain', 1.0)
    """
    group = _group(members, topology, None)
    names = algorithms(op)
    if _nothing_to_do(group, bytes_total):
        return CollectiveSchedule(names[0], (), 0.0)
    return _best(group, op, float(bytes_total))


@lru_cache(maxsize=1024)
def _best(group: Group, op: str, size: float) -> CollectiveSchedule:
    choice = fastest(prototype(group), op, size)
    steps = sized_steps(group, op, choice.algorithm, size)
    assert not isinstance(steps, NoPlanError)
    return CollectiveSchedule(choice.algorithm, steps, choice.time_s)


@lru_cache(maxsize=16384)
def fastest(group: Group, op: str, size: float) -> Choice:
    """The fastest algorithm for a group by itself.  `NoPlanError` where none serves it."""
    found, reasons = [], []
    for name in algorithms(op):
        if not worth_trying(group, op, name):
            continue
        choice = choose(group, op, name, size)
        if isinstance(choice, NoPlanError):
            reasons.append(str(choice))
        else:
            found.append(choice)
    if not found:
        raise NoPlanError("; ".join(reasons))
    return min(found, key=lambda choice: choice.time_s)


def worth_trying(group: Group, op: str, name: str) -> bool:
    """All pairs of a large group are millions of flows; with a cycle no trees need be found.

    On a cluster vectors go round rings, node by node or along the same device of all nodes, as in
    NVIDIA's NCCL (src/graph/tuning.cc), and not from each device to all others at once.
    """
    gathers = op in ("all-gather", "reduce-scatter")
    if isinstance(group.topology.machine, Cluster) and (gathers or op == "all-reduce"):
        return name in ON_CLUSTERS
    if name == "direct":
        return group.size <= MOST_DIRECT
    if name == "chain" and gathers and group.size > MOST_CHAINED and group.lattice is not None:
        return bool(min(group.lattice.shape) == 1)
    return not (name == "trees" and gathers and group.cycle is not None)


def join_steps(schedules: Sequence[Sequence[Flows]]) -> list[Flows]:
    """Several groups' steps side by side: step t holds the t-th step of every group that has one.

    Equal steps come out as one object again.
    """
    known: dict[tuple[int, ...], Flows] = {}
    joined = []
    for row in zip_longest(*schedules):
        parts = [flows for flows in row if flows is not None]
        key = tuple(map(id, parts))
        if key not in known:
            known[key] = join_flows(parts)
        joined.append(known[key])
    return joined


def steps_time(steps: Sequence[Flows], topology: Topology) -> float:
    """Seconds of lock-step steps that have the machine to themselves."""
    return sum(phase_time(flows, topology).duration_s for flows in steps)


def _group(members: Sequence[int], topology: Topology, order: Sequence[int] | None) -> Group:
    dies = tuple(int(die) for die in members)
    if order is None:
        return group_of(dies, topology)
    given = tuple(int(die) for die in order)
    if sorted(given) != sorted(dies):
        raise InputError("order: it must hold the group's dies, each once")
    return group_of(given, topology, ordered=True)


def _nothing_to_do(group: Group, size: float) -> bool:
    if not 0 <= size < math.inf:
        raise InputError(f"bytes: found {size}, allowed: a finite number from 0")
    return group.size == 1 or size == 0
