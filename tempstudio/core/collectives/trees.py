"""Pipelined reduction and broadcast over trees, and packings of several trees that share the load.

A tree's edges carry the reduction upwards and the result downwards at the same time, one each
direction.  Trees of weights w_t carry those shares of the vector; the packing is as good as its
most loaded edge, and no better than (n - 1) / edges: the all-reduce bound 2 (n - 1) S / (E B).
On a grid *combs* attain it: every row of a grid and one column make a comb, every column and one
row another.  With the combs' weights spread over all columns and all rows every edge carries the
same.  Elsewhere `tempstudio.core.collectives.packing` finds the trees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tempstudio.core.collectives.group import Group, breadth_first
from tempstudio.core.collectives.outline import Outline, Step
from tempstudio.core.collectives.packing import pack_spanning_trees
from tempstudio.core.errors import NoPlanError

# Beyond this many dies a packing is not made: its steps would be millions of transfers.
MOST_DIES = 256


@dataclass(frozen=True)
class Tree:
    """A spanning tree that carries `weight` of the vector; `parents[i]`, -1 at the root."""

    weight: float
    parents: tuple[int, ...]

    @cached_property
    def levels(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """(parent, child) pairs by the parent's depth."""
        depth = [-1] * len(self.parents)

        def of(i: int) -> int:
            way = []
            while depth[i] < 0 and self.parents[i] >= 0:
                way.append(i)
                i = self.parents[i]
            depth[i] = max(depth[i], 0)
            for node in reversed(way):
                depth[node] = depth[self.parents[node]] + 1
            return depth[way[0]] if way else depth[i]

        deepest = max(of(i) for i in range(len(self.parents)))
        rows: list[list[tuple[int, int]]] = [[] for _ in range(deepest)]
        for child, parent in enumerate(self.parents):
            if parent >= 0:
                rows[depth[parent]].append((parent, child))
        return tuple(tuple(row) for row in rows)


def tree_broadcast(trees: Sequence[Tree]) -> Outline:
    """From the common root down all trees, level by level."""
    depth = max(len(tree.levels) for tree in trees)
    return Outline([[_level(trees, d, down=True)] for d in range(depth)])


def tree_all_reduce(trees: Sequence[Tree]) -> Outline:
    """Up to every tree's root, then down again; all trees turn at the same time."""
    depth = max(len(tree.levels) for tree in trees)
    up = [[_level(trees, d, down=False)] for d in reversed(range(depth))]
    return Outline(up + [[_level(trees, d, down=True)] for d in range(depth)])


def _level(trees: Sequence[Tree], depth: int, down: bool) -> Step:
    step: Step = {}
    for tree in trees:
        for parent, child in tree.levels[depth] if depth < len(tree.levels) else ():
            edge = (parent, child) if down else (child, parent)
            step[edge] = step.get(edge, 0.0) + tree.weight
    return step


def path_tree(order: Sequence[int], root: int) -> Tree:
    """The path as a tree that hangs from one of its dies."""
    parents = [-1] * len(order)
    place = order.index(root)
    for k, die in enumerate(order):
        if k != place:
            parents[die] = order[k + 1] if k < place else order[k - 1]
    return Tree(1.0, tuple(parents))


def pack_trees(group: Group, root: int | None = None) -> list[Tree]:
    """Spanning trees whose weights add to 1, all from `root`, else each from its own middle."""
    if not group.edges:
        raise NoPlanError("trees: the group's dies are not neighbours of one another")
    if group.size > MOST_DIES:
        raise NoPlanError(f"trees: a group of {group.size} dies, allowed: at most {MOST_DIES}")
    edge_sets = _combs(group) if group.lattice is not None else _packed(group)
    return [
        Tree(weight, _hang(pairs, group.size, root)) for weight, pairs in edge_sets if weight > 0
    ]


Pairs = list[tuple[int, int]]


def _combs(group: Group) -> list[tuple[float, Pairs]]:
    """Combs with equal load on every edge: h (1 - 1/cols) = v (1 - 1/rows), h + v = 1."""
    assert group.lattice is not None
    grid = group.lattice.tolist()
    rows, cols = len(grid), len(grid[0])
    across = [[(row[c], row[c + 1]) for c in range(cols - 1)] for row in grid]
    along = [[(grid[r][c], grid[r + 1][c]) for r in range(rows - 1)] for c in range(cols)]
    share_rows, share_cols = 1.0 - 1.0 / cols, 1.0 - 1.0 / rows
    total = share_rows + share_cols
    horizontal, vertical = share_cols / total, share_rows / total
    every_row = [pair for row in across for pair in row]
    every_col = [pair for col in along for pair in col]
    combs = [(horizontal / cols, every_row + col) for col in along]
    return combs + [(vertical / rows, every_col + row) for row in across]


def _packed(group: Group) -> list[tuple[float, Pairs]]:
    edges = sorted((a, b) for a, b in group.edges if a < b)
    trees, _ = pack_spanning_trees(edges, group.size)
    return [(1.0 / len(trees), tree) for tree in trees]


def _hang(pairs: Pairs, size: int, root: int | None) -> tuple[int, ...]:
    """Parents of a tree given by its edges, from `root` or the middle of its longest path."""
    others: list[list[int]] = [[] for _ in range(size)]
    for a, b in pairs:
        others[a].append(b)
        others[b].append(a)
    if root is None:
        end = list(breadth_first(others, 0))[-1]
        parents = breadth_first(others, end)
        way = [list(parents)[-1]]
        while parents[way[-1]] >= 0:
            way.append(parents[way[-1]])
        root = way[len(way) // 2]
    found = breadth_first(others, root)
    return tuple(found[i] for i in range(size))
