"""Irregular groups round faults: paths grown from the tightest corner inwards.

A group of `size` dies starts on the free die with the fewest free neighbours and steps, from either
of its ends, to the neighbour with the fewest: corners and pockets are used up while they can still
be reached (Warnsdorff's rule for knight's tours).  Ties are drawn, so that tries differ; those with
the most groups that close to a ring come first.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from tempstudio.core.streaming.hamiltonian import find_cycle
from tempstudio.core.topology import Topology

TRIES = 400
WANTED = 3
COMPARED = 24  # ways that are held against one another
MOST_WORK = 8_000  # tries x dies
MOST_SEARCHED = 32  # dies of a group that is searched for a cycle

Neighbours = dict[int, tuple[int, ...]]


def grown_groups(
    topology: Topology, dies: Sequence[int], size: int, count: int, seed: int = 0
) -> list[tuple[int, ...]]:
    """Placements of `count` paths of `size` dies, one path after the other; at most `WANTED`."""
    if size * count > len(dies) or not count:
        return []
    return list(_grown(topology, tuple(dies), size, count, seed))


@lru_cache(maxsize=1024)
def _grown(
    topology: Topology, dies: tuple[int, ...], size: int, count: int, seed: int
) -> tuple[tuple[int, ...], ...]:
    rng = np.random.default_rng(seed)
    inside = set(dies)
    neighbours = {
        die: tuple(other for other in topology.neighbours[die] if other in inside) for die in dies
    }
    found: dict[tuple[int, ...], int] = {}
    for _ in range(max(1, min(TRIES, MOST_WORK // len(dies)))):
        placed = _grow_all(neighbours, size, count, rng)
        if placed is not None and placed not in found:
            found[placed] = -_rings(placed, size, neighbours)
            if len(found) == COMPARED or found[placed] == -count:
                break
    return tuple(sorted(found, key=lambda placed: found[placed])[:WANTED])


def _rings(placed: Sequence[int], size: int, neighbours: Neighbours) -> int:
    """How many of the groups have a Hamiltonian cycle."""
    if size % 2 or not 4 <= size <= MOST_SEARCHED:
        return 0
    count = 0
    for start in range(0, len(placed), size):
        group = sorted(placed[start : start + size])
        index = {die: i for i, die in enumerate(group)}
        adjacency = tuple(tuple(index[o] for o in neighbours[d] if o in index) for d in group)
        count += find_cycle(adjacency).order is not None
    return count


def _grow_all(
    neighbours: Neighbours, size: int, count: int, rng: np.random.Generator
) -> tuple[int, ...] | None:
    free = set(neighbours)
    spare = len(free) - size * count
    groups: list[list[int]] = []
    noise = dict(zip(neighbours, rng.random(len(neighbours)).tolist(), strict=True))
    queue = [(len(others), noise[die], die) for die, others in neighbours.items()]
    heapq.heapify(queue)  # dies by free neighbours; what has changed since is put in anew
    while len(groups) < count:
        doors, _, start = heapq.heappop(queue)
        if start not in free:
            continue
        now = _doors(start, free, neighbours)
        if now < doors:
            heapq.heappush(queue, (now, noise[start], start))
            continue
        path = _grow(start, size, free, neighbours, noise)
        if len(path) == size:
            groups.append(path)
        else:
            path = [start]
            spare -= 1
            if spare < 0:
                return None
        free.difference_update(path)
        for die in path:
            for other in neighbours[die]:
                if other in free:
                    entry = _doors(other, free, neighbours), noise[other], other
                    heapq.heappush(queue, entry)
    return tuple(die for path in groups for die in path)


def _grow(
    start: int, size: int, free: set[int], neighbours: Neighbours, noise: dict[int, float]
) -> list[int]:
    path = [start]
    inside = {start}
    while len(path) < size:
        steps = [
            (
                _doors(other, free, neighbours) - _doors(other, inside, neighbours),
                noise[other],
                other,
                end,
            )
            for end in (path[-1], path[0])
            for other in neighbours[end]
            if other in free and other not in inside
        ]
        if not steps:
            break
        _, _, other, end = min(steps)
        if end == path[-1]:
            path.append(other)
        else:
            path.insert(0, other)
        inside.add(other)
    return path


def _doors(die: int, free: set[int], neighbours: Neighbours) -> int:
    return sum(other in free for other in neighbours[die])
