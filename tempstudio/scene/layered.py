"""A directed acyclic graph drawn in layers from top to bottom, with edges that cross no node.

After Sugiyama, Tagawa and Toda (IEEE Trans. SMC 11, 1981): layers by longest path, edges over
several layers led through points of their own, order by barycentres, then columns: each layer is
moved towards its neighbours by isotonic regression, which keeps order and distance exactly.
A row of one node alone parts the graph; parts that are alike (the copies of a layer) are laid once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Edge = tuple[int, int]

SWEEPS = 6
LANE_PX = 26.0  # width of an edge that passes through a layer
CHAIN = 1e9  # how much more a node counts than a passage: chains of nodes stay upright


@dataclass(frozen=True, eq=False)
class Layering:
    """Where nodes and edges lie, origin at the top left.

    `x` [nodes] are the nodes' middles, `y` [nodes] their tops, `layer` [nodes] their rows; `routes`
    holds the points [n, 2] that each edge runs through, from its source's foot to its target's top.
    """

    x: FloatArray
    y: FloatArray
    layer: NDArray[np.intp]
    routes: tuple[FloatArray, ...]
    width: float
    height: float


def lay_in_layers(
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[Edge],
    gap: tuple[float, float] = (24.0, 36.0),
    lead: Sequence[float] = (),
) -> Layering:
    """Lay out nodes of these (width, height) so that every edge (source, target) points down.

    Nodes are numbered so that a source precedes its targets.  `gap` is the least distance beside
    and between layers, `lead` what a node wants above it besides.
    """
    if not sizes:
        none = np.zeros(0)
        return Layering(none, none, np.zeros(0, dtype=np.intp), (), 0.0, 0.0)
    layer = _layers(len(sizes), edges)
    rows, chains, widths, links = _with_passages(sizes, edges, layer)
    x = _middles(rows, links, widths, gap[0], len(sizes))
    tall = [max((sizes[v][1] for v in row if v < len(sizes)), default=0.0) for row in rows]
    above = [max((lead[v] for v in row if v < len(lead)), default=0.0) for row in rows]
    pitch = [h + gap[1] + more for h, more in zip(tall, [*above[1:], 0.0], strict=True)]
    tops = np.concatenate([[0.0], np.cumsum(pitch)]) + above[0]
    low = min((x[v] - widths[v] / 2 for row in rows for v in row), default=0.0)
    x = x - low
    high = max((x[v] + widths[v] / 2 for row in rows for v in row), default=0.0)
    y = tops[layer]
    routes = []
    for (source, target), passages in zip(edges, chains, strict=True):
        points = [(x[source], y[source] + sizes[source][1])]
        for step, passage in enumerate(passages):
            top = tops[layer[source] + 1 + step]
            points += [(x[passage], top), (x[passage], top + tall[layer[source] + 1 + step])]
        points.append((x[target], y[target]))
        routes.append(np.array(points))
    height = float(tops[-1] - gap[1])
    return Layering(x[: len(sizes)], y, layer, tuple(routes), float(high), height)


def _layers(nodes: int, edges: Sequence[Edge]) -> NDArray[np.intp]:
    layer = np.zeros(nodes, dtype=np.intp)
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        assert source < target, "a source precedes its targets"
        layer[target] = max(layer[target], layer[source] + 1)
    return layer


def _with_passages(
    sizes: Sequence[tuple[float, float]], edges: Sequence[Edge], layer: NDArray[np.intp]
) -> tuple[list[list[int]], list[list[int]], list[float], list[Edge]]:
    """(rows of vertices, each edge's passages, widths, edges between neighbouring rows).

    Vertices beyond the nodes are passages: points of a long edge in the rows between its ends.
    """
    rows: list[list[int]] = [[] for _ in range(int(layer.max(initial=-1)) + 1)]
    widths = [size[0] for size in sizes]
    chains: list[list[int]] = []
    links: list[Edge] = []
    for node in range(len(sizes)):
        rows[layer[node]].append(node)
    for source, target in edges:
        last, chain = source, []
        for row in range(layer[source] + 1, layer[target]):
            vertex = len(widths)
            widths.append(LANE_PX)
            rows[row].append(vertex)
            links.append((last, vertex))
            chain.append(vertex)
            last = vertex
        links.append((last, target))
        chains.append(chain)
    return rows, chains, widths, links


def _neighbours(links: Sequence[Edge], count: int) -> tuple[list[list[int]], list[list[int]]]:
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for source, target in links:
        above[target].append(source)
        below[source].append(target)
    return above, below


def _middles(
    rows: list[list[int]], links: Sequence[Edge], widths: Sequence[float], gap: float, nodes: int
) -> FloatArray:
    """The middle of every vertex, part by part, each hung up at the node that it begins with."""
    x = np.zeros(len(widths))
    _, below = _neighbours(links, len(widths))
    known: dict[object, FloatArray] = {}
    for part in _parts(rows, nodes):
        members = sorted(vertex for row in part for vertex in row)
        local = {vertex: number for number, vertex in enumerate(members)}
        own_rows = [[local[vertex] for vertex in row] for row in part]
        own_links = [(local[v], local[u]) for row in part[:-1] for v in row for u in below[v]]
        own_widths = [widths[vertex] for vertex in members]
        own_nodes = sum(vertex < nodes for vertex in members)
        like = tuple(map(tuple, own_rows)), tuple(own_links), tuple(own_widths), own_nodes
        if like not in known:
            _untangle(own_rows, own_links, own_nodes)
            known[like] = _columns(own_rows, own_links, own_widths, gap, own_nodes)
        begin = part[0][0]
        x[members] = known[like] - known[like][local[begin]] + x[begin]
    return x


def _parts(rows: list[list[int]], nodes: int) -> Iterator[list[list[int]]]:
    """The rows from one that is a node alone to the next such; no edge passes by it."""
    first = 0
    for number, row in enumerate(rows):
        last = number == len(rows) - 1
        if (number and len(row) == 1 and row[0] < nodes) or last:
            yield rows[first : number + 1]
            first = number


def _untangle(rows: list[list[int]], links: Sequence[Edge], nodes: int) -> None:
    """Order each row by the mean place of its neighbours, down and up in turn; nodes before
    passages where these are equal."""
    count = sum(len(row) for row in rows)
    above, below = _neighbours(links, count)
    place = np.zeros(count)

    def note(row: list[int]) -> None:
        place[row] = np.arange(len(row)) - (len(row) - 1) / 2

    for row in rows:
        note(row)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        near = above if down else below
        for row in rows[1:] if down else rows[-2::-1]:
            wish = {
                v: float(np.mean([place[u] for u in near[v]])) if near[v] else float(place[v])
                for v in row
            }
            row.sort(key=lambda v: (round(wish[v], 9), v >= nodes, v))
            note(row)


def _columns(
    rows: list[list[int]], links: Sequence[Edge], widths: Sequence[float], gap: float, nodes: int
) -> FloatArray:
    """The middle of every vertex: near its neighbours, in order, `gap` apart."""
    count = len(widths)
    above, below = _neighbours(links, count)
    x = np.zeros(count)
    for row in rows:
        _spread(row, x, dict.fromkeys(row, 0.0), widths, gap, nodes)
    for sweep in range(2 * SWEEPS):
        down = sweep % 2 == 0
        near = above if down else below
        for row in rows if down else rows[::-1]:
            wish = {
                v: _middle([(float(x[u]), CHAIN if u < nodes and v < nodes else 1.0)
                            for u in near[v]], float(x[v]))
                for v in row
            }  # fmt: skip
            _spread(row, x, wish, widths, gap, nodes)
    return x


def _middle(weighted: list[tuple[float, float]], otherwise: float) -> float:
    """The weighted median; between two of equal weight their mean."""
    if not weighted:
        return otherwise
    weighted = sorted(weighted)
    half = sum(weight for _, weight in weighted) / 2
    passed = 0.0
    for number, (value, weight) in enumerate(weighted):
        passed += weight
        if abs(passed - half) < 1e-9 and number + 1 < len(weighted):
            return (value + weighted[number + 1][0]) / 2
        if passed > half:
            return value
    return weighted[-1][0]


def _spread(
    row: list[int],
    x: FloatArray,
    wish: dict[int, float],
    widths: Sequence[float],
    gap: float,
    nodes: int,
) -> None:
    """Place a row as near its wishes as order and distance allow (pool adjacent violators)."""
    offset, offsets = 0.0, []
    for number, vertex in enumerate(row):
        if number:
            offset += (widths[row[number - 1]] + widths[vertex]) / 2 + gap
        offsets.append(offset)
    pools: list[list[float]] = []  # mean, weight, members
    for vertex, shift in zip(row, offsets, strict=True):
        weight = CHAIN if vertex < nodes else 1.0
        pools.append([wish[vertex] - shift, weight, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, weight, members = pools.pop()
            before = pools[-1]
            total = before[1] + weight
            pools[-1] = [(before[0] * before[1] + mean * weight) / total, total,
                         before[2] + members]  # fmt: skip
    placed = [mean for mean, _, members in pools for _ in range(int(members))]
    for vertex, mean, shift in zip(row, placed, offsets, strict=True):
        x[vertex] = mean + shift
