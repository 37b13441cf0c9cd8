"""Schedules for groups of dies: a rectangle with faults, any set of dies, any graph.

Every answer is cached: of a group that was asked for before, or of the same shape elsewhere on the
wafer, it takes microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from numbers import Integral
from typing import TypeAlias

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.streaming.bidirectional_relay import relay
from tempstudio.core.streaming.frontier import Adjacency
from tempstudio.core.streaming.hamiltonian import (
    Obstacle,
    components,
    find_cycle,
    find_path,
    rectangle_cycle,
    rectangle_path,
    why_no_path,
)
from tempstudio.core.streaming.rounds import Coordinate, Schedule
from tempstudio.core.streaming.two_way_ring import ring

# Rounds x dies grow with the square: 512 dies make half a million transfers.
MAX_DIES = 512

Pair: TypeAlias = tuple[Coordinate, Coordinate]


def schedule(
    rows: int,
    cols: int,
    dead: Iterable[Sequence[int]] = (),
    dead_links: Iterable[Sequence[Sequence[int]]] = (),
) -> Schedule:
    """The tensor-stream schedule of all live dies of a rows x cols mesh.

    `dead`: coordinates (row, column); `dead_links`: pairs of neighbouring coordinates.  The two-way
    ring (split 2) where the live dies have a Hamiltonian cycle, the relay (split 1) on a path
    otherwise; `dies` is in the order of the cycle or path.  `InputError` for a place that is not on
    the mesh, `NoPlanError` where there is neither cycle nor path.

    >>> s = schedule(2, 3)
    >>> s.orchestration, s.dies[:3], s.n_rounds
    ('ring', ((0, 0), (0, 1), (0, 2)), 6)
    >>> schedule(3, 3, dead=[(1, 1)], dead_links=[((0, 0), (0, 1))]).orchestration
    'relay'
    """
    for name, size in (("rows", rows), ("cols", cols)):
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise InputError(f"schedule: {name}: found {size!r:.40}, allowed: a whole number >= 1")
    gone = frozenset(_on_mesh(place, rows, cols, "dead die") for place in dead)
    cut = frozenset(_mesh_link(link, rows, cols) for link in dead_links)
    _check_size(rows * cols - len(gone))
    return _rectangle(rows, cols, gone, cut)


def schedule_group(
    dies: Iterable[Sequence[int]],
    dead_links: Iterable[Sequence[Sequence[int]]] = (),
    columns: int | None = None,
) -> Schedule:
    """The schedule of any set of dies: (row, column), or (wafer, row, column).

    Neighbours on one wafer are joined unless their link is listed in `dead_links`.  `columns` is
    the number of columns of a wafer: with it, the last column of one wafer is joined to the first
    of the next; without it, wafers are not joined.

    >>> schedule_group([(4, 4), (4, 5), (5, 5)]).dies
    ((4, 4), (4, 5), (5, 5))
    """
    places = tuple(tuple(int(x) for x in die) for die in dies)
    if len({len(place) for place in places}) > 1 or any(len(p) not in (2, 3) for p in places):
        raise InputError("group: dies are (row, column), or all (wafer, row, column)")
    if len(set(places)) != len(places):
        twice = next(place for k, place in enumerate(places) if place in places[:k])
        raise InputError(f"group: die {list(twice)} is listed twice, allowed: once")
    _check_size(len(places))
    cut = frozenset(_pair(link) for link in dead_links)
    if any(len(end) != len(places[0]) for link in cut for end in link):
        raise InputError("group: dead links join dies written like those of the group")
    if columns is not None:
        return _group(tuple(sorted(places)), cut, columns)
    return _anywhere(tuple(sorted(places)), cut)


def schedule_graph(n: int, edges: Iterable[tuple[int, int]]) -> Schedule:
    """The schedule on an undirected graph of vertices 0 to n - 1; `dies` are 1-tuples (vertex,).

    >>> schedule_graph(4, [(0, 1), (1, 2), (2, 3), (3, 0)]).orchestration
    'ring'
    """
    _check_size(n)
    pairs = frozenset((min(a, b), max(a, b)) for a, b in edges)
    strange = [pair for pair in pairs if not 0 <= pair[0] < pair[1] < n]
    if strange:
        raise InputError(f"group: edge {list(strange[0])}, allowed: two different dies of {n}")
    return _graph(tuple((v,) for v in range(n)), _adjacency(n, pairs))


@lru_cache(maxsize=1024)
def _rectangle(
    rows: int, cols: int, dead: frozenset[Coordinate], dead_links: frozenset[Pair]
) -> Schedule:
    places = ((r, c) for r in range(rows) for c in range(cols))
    return _anywhere(tuple(place for place in places if place not in dead), dead_links)


def _anywhere(places: tuple[Coordinate, ...], dead_links: frozenset[Pair]) -> Schedule:
    """The same shape elsewhere is the same question: move it to the origin (places are sorted)."""
    corner = tuple(min(p[axis] for p in places) for axis in range(len(places[0])))
    moved = tuple(_shift(place, corner, -1) for place in places)
    present = set(moved)
    shifted = ((_shift(a, corner, -1), _shift(b, corner, -1)) for a, b in dead_links)
    relevant = frozenset(pair for pair in shifted if present.issuperset(pair))
    return _placed(moved, relevant, corner)


@lru_cache(maxsize=4096)
def _placed(
    dies: tuple[Coordinate, ...], dead_links: frozenset[Pair], corner: Coordinate
) -> Schedule:
    found = _group(dies, dead_links, None)
    return replace(found, dies=tuple(_shift(die, corner, 1) for die in found.dies))


@lru_cache(maxsize=4096)
def _group(
    dies: tuple[Coordinate, ...], dead_links: frozenset[Pair], columns: int | None
) -> Schedule:
    *wafer, rows, cols = (*dies[-1][:-2], dies[-1][-2] + 1, dies[-1][-1] + 1)
    if not dead_links and len(dies) == rows * cols:
        mesh = ((*wafer, r, c) for r in range(rows) for c in range(cols))
        if all(a == b for a, b in zip(dies, mesh, strict=True)):
            return _whole_rectangle(tuple(wafer), rows, cols)
    number = {die: k for k, die in enumerate(dies)}
    pairs = {
        (number[die], number[other])
        for die in dies
        for other in _onward(die, columns)
        if other in number and (die, other) not in dead_links
    }
    return _graph(dies, _adjacency(len(dies), pairs))


def _whole_rectangle(wafer: Coordinate, rows: int, cols: int) -> Schedule:
    cycle = rectangle_cycle(rows, cols)
    if cycle is not None:
        return replace(ring(len(cycle)), dies=tuple((*wafer, *place) for place in cycle))
    path = rectangle_path(rows, cols)
    return replace(relay(len(path)), dies=tuple((*wafer, *place) for place in path))


def _graph(dies: tuple[Coordinate, ...], adjacency: Adjacency) -> Schedule:
    cycle = find_cycle(adjacency)
    if cycle.order is not None:
        return replace(ring(len(dies)), dies=tuple(dies[v] for v in cycle.order))
    path = find_path(adjacency)
    if path.order is not None:
        return replace(relay(len(dies)), dies=tuple(dies[v] for v in path.order))
    raise NoPlanError(_explanation(dies, adjacency, path.proved))


def _explanation(dies: tuple[Coordinate, ...], adjacency: Adjacency, proved: bool) -> str:
    if not proved:
        return (
            f"no streaming schedule found: the search for a cycle or path through all {len(dies)} "
            "live dies of this group gave up undecided"
        )
    head = (
        f"no streaming schedule: the {len(dies)} live dies of this group have neither a cycle nor "
        "a path through all of them: "
    )
    obstacle = why_no_path(adjacency)
    if obstacle is None:
        return head + "a search through all of them found none"
    return head + _reason(dies, adjacency, obstacle)


def _reason(dies: tuple[Coordinate, ...], adjacency: Adjacency, obstacle: Obstacle) -> str:
    named = [list(dies[v]) for v in obstacle.vertices[:6]]
    listed = ", ".join(map(str, named)) + (", ..." if len(obstacle.vertices) > 6 else "")
    verb = "die {} is" if len(obstacle.vertices) == 1 else "dies {} are"
    if obstacle.kind == "cut off":
        return verb.format(listed) + " cut off from the others"
    if obstacle.kind == "dead end":
        return f"dies {listed} have one live neighbour each, and a path has only two ends"
    if obstacle.kind == "cut vertex":
        parts = len(components(adjacency, without=obstacle.vertices[0]))
        return f"without die {listed} the others fall into {parts} parts, and a path into two"
    here = len(obstacle.vertices)
    return (
        f"a path alternates between the colours of a chessboard, and {here} of these dies have one "
        f"colour, {len(dies) - here} the other"
    )


def _adjacency(n: int, pairs: Iterable[tuple[int, int]]) -> Adjacency:
    joined: list[list[int]] = [[] for _ in range(n)]
    for a, b in pairs:
        joined[a].append(b)
        joined[b].append(a)
    return tuple(tuple(sorted(others)) for others in joined)


def _onward(die: Coordinate, columns: int | None) -> list[Coordinate]:
    """Neighbours to the right and below, where each link is met once and in sorted order."""
    *wafer, r, c = die
    onward: list[Coordinate] = [(*wafer, r + 1, c)]
    if columns is not None and c == columns - 1:
        return [*onward, (wafer[0] + 1, r, 0)] if wafer else onward
    return [*onward, (*wafer, r, c + 1)]


def _shift(place: Coordinate, corner: Coordinate, sign: int) -> Coordinate:
    return tuple(x + sign * x0 for x, x0 in zip(place, corner, strict=True))


def _pair(link: Sequence[Sequence[int]]) -> Pair:
    ends = sorted(tuple(int(x) for x in end) for end in link)
    if len(ends) != 2:
        raise InputError(f"dead link: found {len(ends)} dies, allowed: two")
    return ends[0], ends[1]


def _check_size(count: int) -> None:
    if count < 1:
        raise NoPlanError("no streaming schedule: no die of this group is alive")
    if count > MAX_DIES:
        raise InputError(f"group: found {count} live dies, allowed: at most {MAX_DIES}")


def _on_mesh(place: Sequence[int], rows: int, cols: int, what: str) -> Coordinate:
    found = list(place) if isinstance(place, Iterable) else [place]
    whole = all(isinstance(x, Integral) and not isinstance(x, bool) for x in found)
    if len(found) != 2 or not whole or not (0 <= found[0] < rows and 0 <= found[1] < cols):
        raise InputError(
            f"{what}: found {found!s:.60}, allowed: [row, column] inside {rows} x {cols}"
        )
    return int(found[0]), int(found[1])


def _mesh_link(link: Sequence[Sequence[int]], rows: int, cols: int) -> Pair:
    ends = sorted(_on_mesh(end, rows, cols, "dead link") for end in link)
    if len(ends) != 2 or sum(abs(x - y) for x, y in zip(*ends, strict=True)) != 1:
        found = [list(end) for end in ends]
        raise InputError(f"dead link: found {found!s:.60}, allowed: two neighbouring dies")
    return ends[0], ends[1]
