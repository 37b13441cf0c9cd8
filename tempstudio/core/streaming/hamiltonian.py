"""Hamiltonian cycles and paths: in closed form on a rectangle, by search elsewhere, or why not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tempstudio.core.streaming.frontier import Adjacency, Found, search


def rectangle_cycle(rows: int, cols: int) -> tuple[tuple[int, int], ...] | None:
    """The cycle through a rectangle: down a first column's comb and back along it, or None.

    >>> rectangle_cycle(2, 3)
    ((0, 0), (0, 1), (0, 2), (1, 2), (1, 1), (1, 0))
    """
    if min(rows, cols) < 2 or (rows % 2 and cols % 2):
        return None
    if rows % 2:
        turned = rectangle_cycle(cols, rows)
        return None if turned is None else tuple((r, c) for c, r in turned)
    if rows == 2:
        top = [(0, c) for c in range(cols)]
        return (*top, *((1, c) for c in reversed(range(cols))))
    teeth = [
        (r, c)
        for r in range(rows)
        for c in (range(1, cols) if r % 2 == 0 else range(cols - 1, 0, -1))
    ]
    return (*((r, 0) for r in reversed(range(rows))), *teeth)


def rectangle_path(rows: int, cols: int) -> tuple[tuple[int, int], ...]:
    """The snake through a rectangle, row by row."""
    return tuple(
        (r, c)
        for r in range(rows)
        for c in (range(cols) if r % 2 == 0 else range(cols - 1, -1, -1))
    )


@lru_cache(maxsize=4096)
def find_cycle(adjacency: Adjacency) -> Found:
    """A Hamiltonian cycle of the graph, from 3 vertices on."""
    if len(adjacency) < 3 or why_no_cycle(adjacency) is not None:
        return Found(None)
    return search(adjacency, None)


@lru_cache(maxsize=4096)
def find_path(adjacency: Adjacency) -> Found:
    """A Hamiltonian path of the graph, from 1 vertex on."""
    if len(adjacency) == 1:
        return Found((0,))
    if not adjacency or why_no_path(adjacency) is not None:
        return Found(None)
    return search(adjacency, _possible_ends(adjacency))


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A reason that anybody can check on the mesh: `kind` and the vertices that show it."""

    kind: str
    vertices: tuple[int, ...]


def why_no_cycle(adjacency: Adjacency) -> Obstacle | None:
    """A plain reason against a cycle, if there is one; None proves nothing."""
    loose = tuple(v for v, others in enumerate(adjacency) if len(others) < 2)
    if loose:
        return Obstacle("dead end", loose)
    shades = _colours(adjacency)
    if shades is not None and sum(shades) * 2 != len(shades):
        return Obstacle("colour", tuple(v for v, shade in enumerate(shades) if shade))
    return _cut_vertex(adjacency, allowed=1)


def why_no_path(adjacency: Adjacency) -> Obstacle | None:
    """A plain reason against a path, if there is one; None proves nothing."""
    parts = components(adjacency)
    if len(parts) > 1:
        return Obstacle("cut off", min(parts, key=len))
    ends = tuple(v for v, others in enumerate(adjacency) if len(others) == 1)
    if len(ends) > 2:
        return Obstacle("dead end", ends)
    shades = _colours(adjacency)
    if shades is not None and abs(2 * sum(shades) - len(shades)) > 1:
        return Obstacle("colour", tuple(v for v, shade in enumerate(shades) if shade))
    return _cut_vertex(adjacency, allowed=2)


def components(adjacency: Adjacency, without: int = -1) -> list[tuple[int, ...]]:
    """Connected parts, as if the vertex `without` were not there."""
    left = set(range(len(adjacency))) - {without}
    parts = []
    while left:
        part, stack = [], [left.pop()]
        while stack:
            v = stack.pop()
            part.append(v)
            for other in adjacency[v]:
                if other in left:
                    left.remove(other)
                    stack.append(other)
        parts.append(tuple(sorted(part)))
    return parts


def _cut_vertex(adjacency: Adjacency, allowed: int) -> Obstacle | None:
    for v in range(len(adjacency)):
        if len(components(adjacency, without=v)) > allowed:
            return Obstacle("cut vertex", (v,))
    return None


def _colours(adjacency: Adjacency) -> list[int] | None:
    """0 or 1 per vertex so that neighbours differ, or None: the graph is not bipartite.

    Only of a connected graph do the numbers of each mean anything; a cycle or path alternates.
    """
    shades = [-1] * len(adjacency)
    shades[0], stack = 0, [0]
    while stack:
        v = stack.pop()
        for other in adjacency[v]:
            if shades[other] < 0:
                shades[other] = 1 - shades[v]
                stack.append(other)
            elif shades[other] == shades[v]:
                return None
    return shades if min(shades) >= 0 else None


def _possible_ends(adjacency: Adjacency) -> frozenset[int]:
    """Vertices that a path may end on: where one colour has one more, both ends have it."""
    shades = _colours(adjacency)
    n = len(adjacency)
    if shades is None or n % 2 == 0:
        return frozenset(range(n))
    more = int(2 * sum(shades) > n)
    return frozenset(v for v in range(n) if shades[v] == more)
