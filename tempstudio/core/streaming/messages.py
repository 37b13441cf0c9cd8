"""What does not stream: messages from die to die, hop by hop over live links, all accounted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.errors import NoPlanError
from tempstudio.core.streaming.execution import FloatArray
from tempstudio.core.streaming.frontier import Adjacency
from tempstudio.core.streaming.ledger import Ledger
from tempstudio.core.streaming.rounds import Coordinate, Schedule

Payload = TypeVar("Payload", bound=NDArray[np.generic])
Link: TypeAlias = tuple[Coordinate, Coordinate]


def neighbours(schedule: Schedule, links: Iterable[Link] | None) -> Adjacency:
    """The group's dies as a graph: over `links` between coordinates, else over the links that the
    schedule itself uses."""
    number = {die: k for k, die in enumerate(schedule.dies)}
    if links is None:
        pairs = {(a, b) for _, a, b, _ in schedule.transfers.tolist()}
    else:
        ends = ((tuple(a), tuple(b)) for a, b in links)
        pairs = {(number[a], number[b]) for a, b in ends if a in number and b in number}
    joined: list[set[int]] = [set() for _ in schedule.dies]
    for a, b in pairs:
        joined[a].add(b)
        joined[b].add(a)
    return tuple(tuple(sorted(others)) for others in joined)


def send(
    graph: Adjacency, ledger: Ledger, kind: str, source: int, target: int, array: Payload
) -> Payload:
    """The array as it arrives at the target, over a shortest path."""
    towards = _parents(graph, target)
    here = source
    while here != target:
        onward = towards[here]
        if onward < 0:
            raise NoPlanError(f"no live path from die {source} to die {target} of the group")
        ledger.add(kind, here, onward, array.size)
        here = onward
    return array.copy()


def all_reduce(
    graph: Adjacency, ledger: Ledger, kind: str, arrays: Sequence[FloatArray]
) -> list[FloatArray]:
    """Every die's array summed, on every die: up a tree of shortest paths to die 0, and down."""
    towards = _parents(graph, 0)
    order = _breadth_first(graph, 0)
    sums = [array.copy() for array in arrays]
    for die in reversed(order[1:]):
        sums[towards[die]] += send(graph, ledger, kind, die, towards[die], sums[die])
    for die in order[1:]:
        sums[die] = send(graph, ledger, kind, towards[die], die, sums[towards[die]])
    return sums


@lru_cache(maxsize=1024)
def _parents(graph: Adjacency, root: int) -> tuple[int, ...]:
    """The next die on a shortest path to the root, -1 where there is none."""
    parent = [-1] * len(graph)
    for die in _breadth_first(graph, root):
        for other in graph[die]:
            if parent[other] < 0 and other != root:
                parent[other] = die
    return tuple(parent)


@lru_cache(maxsize=1024)
def _breadth_first(graph: Adjacency, root: int) -> tuple[int, ...]:
    seen, queue = [root], deque([root])
    while queue:
        for other in graph[queue.popleft()]:
            if other not in seen:
                seen.append(other)
                queue.append(other)
    return tuple(seen)
