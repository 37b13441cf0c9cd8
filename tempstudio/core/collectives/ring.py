"""Collectives on a ring of dies: a Hamiltonian cycle of the group, else a logical ring.

Patarasuk and Yuan, Bandwidth optimal all-reduce algorithms for clusters of workstations, 2009.  A
ring that uses both directions at once halves the bytes that a directed link carries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tempstudio.core.collectives.group import Edge, Group, Route
from tempstudio.core.collectives.outline import Outline, Step, merge_steps
from tempstudio.core.machine import Cluster

MANY = 32  # scattered dies from which two orders are tried


def ring_of(group: Group) -> tuple[tuple[int, ...], Mapping[Edge, Route]]:
    """(order, routes where they are not those of neighbours), beginning with the first member."""
    if group.cycle is not None:
        order, routes = group.cycle, dict[Edge, Route]()
    else:
        order, routes = group.tour
    start = order.index(0)
    return (*order[start:], *order[:start]), routes


def light_ring_of(group: Group) -> tuple[int, ...] | None:
    """Another order for many scattered dies: more latency a step, fewer links for its bytes."""
    if group.ordered or group.edges or group.size < MANY:
        return None
    return None if isinstance(group.topology.machine, Cluster) else group.light_tour


def ring_gather(order: Sequence[int], both_ways: bool) -> list[Step]:
    """All-gather: every die passes on what it got last, one way or both.

    Both ways whole pieces go half way round, and for an even number of dies the opposite piece
    comes half from either side: n // 2 steps in place of n - 1.
    """
    n = len(order)
    onward, back = _onward(order, 1.0 / n), _onward(order[::-1], 1.0 / n)
    if not both_ways:
        return [onward] * (n - 1)
    steps = [merge_steps([onward, back])] * ((n - 1) // 2)
    if n % 2 == 0:
        steps.append(merge_steps([_onward(order, 0.5 / n), _onward(order[::-1], 0.5 / n)]))
    return steps


def ring_exchange(order: Sequence[int], both_ways: bool) -> list[Step]:
    """All-to-all: everybody passes on all that is not for itself, one way or the shorter way."""
    n = len(order)
    if not both_ways:
        return [_onward(order, (n - 1 - t) / n) for t in range(n - 1)]
    steps = []
    for t in range(n // 2):
        # For an even number of dies, what is for the opposite die goes half either way.
        pieces = (n - 1) // 2 - t + (0.5 if n % 2 == 0 else 0.0)
        ways = [_onward(order, pieces / n), _onward(order[::-1], pieces / n)]
        steps.append(merge_steps(ways))
    return steps


def ring_broadcast(order: Sequence[int], both_ways: bool) -> Outline:
    """From the first die round the ring in a pipeline, one way or half each way."""
    n = len(order)
    stages: list[list[Step]] = []
    for k in range(n - 1):
        if both_ways:
            back = {(order[-k] if k else order[0], order[-k - 1]): 0.5}
            stages.append([merge_steps([{(order[k], order[k + 1]): 0.5}, back])])
        else:
            stages.append([{(order[k], order[k + 1]): 1.0}])
    return Outline(stages)


def _onward(order: Sequence[int], share: float) -> Step:
    following = (*order[1:], order[0])
    return dict.fromkeys(zip(order, following, strict=True), share)
