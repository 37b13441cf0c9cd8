"""Irregular groups round faults: paths grown from the tightest corner inwards.

A group of `size` dies starts on the free die with the fewest free neighbours and steps, from either
of its ends, to the neighbour with the fewest: corners and pockets are used up while they can still
be reached (Warnsdorff's rule for knight's tours).  Ties are drawn, so that tries differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tempstudio.core.topology import Topology

TRIES = 400
WANTED = 3
MOST_DIES = 1024


def grown_groups(
    topology: Topology, dies: Sequence[int], size: int, count: int, seed: int = 0
) -> Iterator[tuple[int, ...]]:
    """Placements of `count` paths of `size` dies, one path after the other; at most `WANTED`."""
    if len(dies) > MOST_DIES or size * count > len(dies):
        return
    rng = np.random.default_rng(seed)
    neighbours = {
        die: tuple(other for other in topology.neighbours[die] if other in set(dies))
        for die in dies
    }
    seen: set[tuple[int, ...]] = set()
    for _ in range(TRIES):
        found = _grow_all(neighbours, size, count, rng)
        if found is not None and found not in seen:
            seen.add(found)
            yield found
            if len(seen) == WANTED:
                return


def _grow_all(
    neighbours: dict[int, tuple[int, ...]], size: int, count: int, rng: np.random.Generator
) -> tuple[int, ...] | None:
    free = set(neighbours)
    spare = len(free) - size * count
    groups: list[list[int]] = []
    noise = dict(zip(neighbours, rng.random(len(neighbours)).tolist(), strict=True))
    while len(groups) < count:
        start = min(free, key=lambda die: (_doors(die, free, neighbours), noise[die]))
        path = _grow(start, size, free, neighbours, noise)
        if len(path) == size:
            groups.append(path)
            free.difference_update(path)
            continue
        spare -= 1
        if spare < 0:
            return None
        free.discard(start)
    return tuple(die for path in groups for die in path)


def _grow(
    start: int,
    size: int,
    free: set[int],
    neighbours: dict[int, tuple[int, ...]],
    noise: dict[int, float],
) -> list[int]:
    path = [start]
    inside = {start}
    while len(path) < size:
        steps = [
            (_doors(other, free - inside, neighbours), noise[other], other, end)
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


def _doors(die: int, free: set[int], neighbours: dict[int, tuple[int, ...]]) -> int:
    return sum(other in free for other in neighbours[die])
