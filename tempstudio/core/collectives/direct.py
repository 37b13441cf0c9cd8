"""Collectives in which every die sends straight to every other, and their form for clusters."""

from __future__ import annotations

from collections import defaultdict

from tempstudio.core.collectives.group import Group
from tempstudio.core.collectives.outline import Outline, Step
from tempstudio.core.errors import NoPlanError
from tempstudio.core.machine import Cluster

# Every die to every other: beyond this many dies, millions of flows.
MOST_DIES = 512


def direct_exchange(group: Group) -> Outline:
    """Every die sends its n-th to every other at once: all-gather, reduce-scatter, all-to-all."""
    if group.size > MOST_DIES:
        raise NoPlanError(f"direct: a group of {group.size} dies, allowed: at most {MOST_DIES}")
    pairs = [(i, j) for i in range(group.size) for j in range(group.size) if i != j]
    return Outline([[dict.fromkeys(pairs, 1.0 / group.size)]], group.usual_routes(pairs))


def direct_broadcast(group: Group) -> Outline:
    """The first die sends all to everybody."""
    pairs = [(0, i) for i in range(1, group.size)]
    back = [(b, a) for a, b in pairs]  # for the same thing backwards
    return Outline([[dict.fromkeys(pairs, 1.0)]], group.usual_routes(pairs + back))


def hierarchical_gather(group: Group) -> Outline:
    """All-gather on a cluster: among devices of equal rank in all nodes, then inside each node.

    The first stage keeps every device's port to the second switch busy, the second every port to
    its node's; in chunks both work at once.
    """
    nodes = _nodes(group)
    n, count = group.size, len(nodes)
    between: Step = {}
    within: Step = {}
    for rank in zip(*nodes, strict=True):
        between.update({(a, b): 1.0 / n for a in rank for b in rank if a != b})
    for node in nodes:
        within.update({(a, b): count / n for a in node for b in node if a != b})
    return Outline([[between], [within]])


def _nodes(group: Group) -> list[list[int]]:
    """Members of each node; `NoPlanError` unless several nodes have equally many, from 2."""
    if not isinstance(group.topology.machine, Cluster):
        raise NoPlanError("hierarchical: the machine has no nodes")
    nodes: dict[int, list[int]] = defaultdict(list)
    for i, die in enumerate(group.members):
        nodes[group.topology.places[die][0]].append(i)
    counts = {len(node) for node in nodes.values()}
    if len(nodes) < 2 or len(counts) > 1 or counts == {1}:
        raise NoPlanError("hierarchical: needs several nodes with equally many devices, from 2")
    return list(nodes.values())
