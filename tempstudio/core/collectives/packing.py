"""Spanning trees of any graph, k of them with no edge in more than q: a matroid union.

Trees are started greedily over the edges that carry least.  While an edge is in more than q of
them, an augmenting path gets rid of one: take the edge out of a tree and put another one in that
joins the two halves; if that one is full too, take it out of some other tree, and so on to an edge
with room.  The shortest such chain is sound, and if there is none, k trees do not exist (Edmonds,
Minimum partition of a matroid into independent subsets, 1965).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

Pair = tuple[int, int]

MOST_TREES = 12
MOST_TREES_OF_LARGE = 5  # beyond 64 vertices, where every tree costs much


def pack_spanning_trees(edges: Sequence[Pair], size: int) -> tuple[list[list[Pair]], int]:
    """(trees, q): the trees with the best ratio of their number to q, their most loaded edge.

    `edges` are undirected, of a connected graph of `size` vertices.  No ratio is above
    edges / (size - 1), where every edge would be full.

    >>> trees, q = pack_spanning_trees([(0, 1), (1, 2), (0, 2)], 3)
    >>> len(trees), q
    (3, 2)
    """
    densest = len(edges) / (size - 1)
    ratios: dict[float, tuple[int, int]] = {}
    for k in range(1, (MOST_TREES if size <= 64 else MOST_TREES_OF_LARGE) + 1):
        for q in range(math.ceil(k / densest - 1e-9), k + 1):
            ratios.setdefault(round(k / q, 9), (k, q))
    ordered = [ratios[ratio] for ratio in sorted(ratios)]
    # k trees exist if and only if k/q is at most the graph's strength (Tutte, Nash-Williams 1961).
    low, best = 0, (_pack(edges, size, 1, 1), 1)
    high = len(ordered)
    while high - low > 1:
        middle = (low + high) // 2
        trees = _pack(edges, size, *ordered[middle])
        if trees is None:
            high = middle
        else:
            low, best = middle, (trees, ordered[middle][1])
    found, q = best
    assert found is not None  # a connected graph has a spanning tree
    return found, q


def _pack(edges: Sequence[Pair], size: int, k: int, q: int) -> list[list[Pair]] | None:
    load = dict.fromkeys(edges, 0)
    trees: list[set[Pair]] = []
    for _ in range(k):
        tree = _lightest_tree(sorted(edges, key=lambda edge: (load[edge], edge)), size)
        for edge in tree:
            load[edge] += 1
        trees.append(tree)
    for edge in edges:
        while load[edge] > q:
            swaps = _relief(edge, edges, trees, load, size, q)
            if swaps is None:
                return None
            for out, number, into in swaps:
                trees[number].remove(out)
                trees[number].add(into)
                load[out] -= 1
                load[into] += 1
    return [sorted(tree) for tree in trees]


def _lightest_tree(edges: Sequence[Pair], size: int) -> set[Pair]:
    """The spanning tree that takes edges in their order (Kruskal)."""
    part = list(range(size))

    def top(vertex: int) -> int:
        while part[vertex] != vertex:
            part[vertex] = part[part[vertex]]
            vertex = part[vertex]
        return vertex

    tree = set()
    for a, b in edges:
        x, y = top(a), top(b)
        if x != y:
            part[x] = y
            tree.add((a, b))
    return tree


Swap = tuple[Pair, int, Pair]  # taken out, of which tree, put in


def _relief(
    crowded: Pair,
    edges: Sequence[Pair],
    trees: Sequence[set[Pair]],
    load: dict[Pair, int],
    size: int,
    q: int,
) -> list[Swap] | None:
    """The shortest chain of swaps that takes one load off an edge, the last swap first."""
    came: dict[Pair, Swap | None] = {crowded: None}
    queue = deque([crowded])
    while queue:
        out = queue.popleft()
        for number, tree in enumerate(trees):
            if out not in tree:
                continue
            side = _side(tree, out, size)
            for edge in edges:
                if edge in came or edge in tree or side[edge[0]] == side[edge[1]]:
                    continue
                came[edge] = (out, number, edge)
                if load[edge] < q:
                    return _chain(came, edge)
                queue.append(edge)
    return None


def _chain(came: dict[Pair, Swap | None], edge: Pair) -> list[Swap]:
    swaps = []
    while (swap := came[edge]) is not None:
        swaps.append(swap)
        edge = swap[0]
    return swaps


def _side(tree: set[Pair], without: Pair, size: int) -> list[bool]:
    """Which vertices hang together with the edge's first end once the edge is gone."""
    others: list[list[int]] = [[] for _ in range(size)]
    for a, b in tree:
        if (a, b) != without:
            others[a].append(b)
            others[b].append(a)
    side = [False] * size
    stack = [without[0]]
    side[without[0]] = True
    while stack:
        for other in others[stack.pop()]:
            if not side[other]:
                side[other] = True
                stack.append(other)
    return side
