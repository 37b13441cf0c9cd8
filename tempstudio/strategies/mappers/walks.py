"""A walk from neighbour to neighbour through the working dies, to be cut into runs.

Every run of a walk is a path, so a stream group lies on it whatever its size and whatever is
broken.  Where no walk visits all dies, those that block it are left idle, as few as can be found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations, islice, pairwise

from tempstudio.core.streaming.hamiltonian import find_cycle, find_path
from tempstudio.core.topology import Topology

MOST_TRIES = 200
MOST_SEARCHED = 128


def snake(rows: int, cols: int, band: int) -> list[tuple[int, int]]:
    """All places of a mesh, band by band of rows, up and down (or along) within a band.

    With band 1 it goes along the rows and back; with band 2 it zigzags in columns of two, so that
    runs of even length are rectangles, which hold a ring.

    >>> snake(2, 3, 2)
    [(0, 0), (1, 0), (1, 1), (0, 1), (0, 2), (1, 2)]
    """
    places: list[tuple[int, int]] = []
    for top in range(0, rows, band):
        height = min(band, rows - top)
        columns = range(cols) if (top // band) % 2 == 0 else range(cols - 1, -1, -1)
        down = True
        for col in columns:
            lines = range(top, top + height) if down else range(top + height - 1, top - 1, -1)
            places += [(row, col) for row in lines]
            down = not down
    return places


def walks(topology: Topology, dies: Sequence[int], wanted: int) -> Iterator[tuple[int, ...]]:
    """Walks over at least `wanted` dies: snakes where they are whole, else a searched path."""
    places = [topology.places[die] for die in dies]
    rows = 1 + max(row for row, _ in places)
    cols = 1 + max(col for _, col in places)
    inside = set(dies)
    whole = len(dies) == rows * cols
    bands = [band for band in (1, 2, 4) if band <= rows] if whole else [1]
    seen: set[tuple[int, ...]] = set()
    for band in bands:
        for turned in (False, True):
            order = snake(cols, rows, band) if turned else snake(rows, cols, band)
            placed = [(b, a) for a, b in order] if turned else order
            walk = tuple(
                topology.die_at[place]
                for place in placed
                if place in topology.die_at and topology.die_at[place] in inside
            )
            if _unbroken(topology, walk) and walk not in seen:
                seen.add(walk)
                yield walk
    if not seen and len(dies) <= MOST_SEARCHED:
        found = _searched(topology, tuple(dies), wanted)
        if found is not None:
            yield found


def _unbroken(topology: Topology, walk: Sequence[int]) -> bool:
    return all(pair in topology.link_ids for pair in pairwise(walk))


@lru_cache(maxsize=1024)
def _searched(topology: Topology, dies: tuple[int, ...], wanted: int) -> tuple[int, ...] | None:
    """A cycle or path through all dies, or through all but a few that stand in its way."""
    by_degree = sorted(dies, key=lambda die: (len(topology.neighbours[die]), die))
    ways = (
        frozenset(idle)
        for left_out in range(len(dies) - wanted + 1)
        for idle in combinations(by_degree, left_out)
    )
    for idle in islice(ways, MOST_TRIES):
        walk = _walk(topology, [die for die in dies if die not in idle])
        if walk is not None:
            return walk
    return None


def _walk(topology: Topology, dies: Sequence[int]) -> tuple[int, ...] | None:
    index = {die: i for i, die in enumerate(dies)}
    adjacency = tuple(
        tuple(index[other] for other in topology.neighbours[die] if other in index) for die in dies
    )
    for search in (find_cycle, find_path):
        order = search(adjacency).order
        if order is not None:
            return tuple(dies[i] for i in order)
    return None
