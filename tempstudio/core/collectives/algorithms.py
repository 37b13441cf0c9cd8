"""Which algorithms an operation has, and the outline of each on a group."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.collectives.direct import (
    direct_broadcast,
    direct_exchange,
    hierarchical_gather,
)
from tempstudio.core.collectives.gossip import find_gossip
from tempstudio.core.collectives.group import Group
from tempstudio.core.collectives.outline import Outline, reverse_outline
from tempstudio.core.collectives.ring import (
    light_ring_of,
    ring_broadcast,
    ring_exchange,
    ring_gather,
    ring_of,
)
from tempstudio.core.collectives.row_column import (
    line_gather,
    row_column_exchange,
    row_column_gather,
)
from tempstudio.core.collectives.trees import (
    pack_trees,
    path_tree,
    tree_all_reduce,
    tree_broadcast,
)
from tempstudio.core.errors import InputError, NoPlanError

OPS = ("all-gather", "reduce-scatter", "all-reduce", "all-to-all", "broadcast", "reduce")

_RINGS = ("ring", "bidirectional-ring")
_GATHERING = (*_RINGS, "direct", "chain", "row-column", "trees", "hierarchical")
_ALGORITHMS = {
    "all-gather": _GATHERING,
    "reduce-scatter": _GATHERING,
    "all-reduce": _GATHERING,
    "all-to-all": (*_RINGS, "direct", "row-column"),
    "broadcast": (*_RINGS, "direct", "chain", "trees"),
    "reduce": (*_RINGS, "direct", "chain", "trees"),
}

# Larger groups take their vectors whole: each stage's steps are many and large already.
MOST_PIPELINED = 512

Outlines = list[Outline]  # ways to do the same, of which another is best at another size


def algorithms(op: str) -> tuple[str, ...]:
    """Names of the algorithms of an operation.

    >>> algorithms("all-to-all")
    ('ring', 'bidirectional-ring', 'direct', 'row-column')
    """
    if op not in _ALGORITHMS:
        raise InputError(f"op: found {op!r}, allowed: {', '.join(OPS)}")
    return _ALGORITHMS[op]


@lru_cache(maxsize=1024)
def outlines(group: Group, op: str, algorithm: str) -> tuple[Outline, ...] | NoPlanError:
    """Outlines of an algorithm on a group of at least 2 dies, or why there is none."""
    if algorithm not in algorithms(op):
        allowed = ", ".join(algorithms(op))
        raise InputError(f"algorithm: found {algorithm!r}, allowed for {op}: {allowed}")
    try:
        return tuple(_make(group, op, algorithm))
    except NoPlanError as error:
        return error


def _make(group: Group, op: str, algorithm: str) -> Outlines:
    if op in ("reduce-scatter", "reduce"):
        mirror = "all-gather" if op == "reduce-scatter" else "broadcast"
        return [reverse_outline(outline) for outline in _make(group, mirror, algorithm)]
    if op == "all-reduce" and algorithm == "chain":
        line = _path(group)
        return [tree_all_reduce([path_tree(line, line[len(line) // 2])])]
    if op == "all-reduce" and algorithm == "trees":
        return [tree_all_reduce(pack_trees(group))]
    if op == "all-reduce":
        return [_reduce_then_gather(outline) for outline in _GATHERS[algorithm](group)]
    table = {"all-gather": _GATHERS, "all-to-all": _EXCHANGES, "broadcast": _BROADCASTS}[op]
    return table[algorithm](group)


def _reduce_then_gather(gather: Outline) -> Outline:
    """Reduce-scatter and all-gather, one after the other; one pipeline where they are pipelines."""
    scatter = reverse_outline(gather)
    if gather.pipelined:
        return Outline([*scatter.stages, *gather.stages], gather.routes)
    return Outline([[*scatter.stages[0], *gather.stages[0]]], gather.routes)


def _path(group: Group) -> tuple[int, ...]:
    if group.path is None:
        raise NoPlanError("chain: no path over neighbours visits every die of the group once")
    return group.path


def _ring(group: Group, both_ways: bool) -> Outlines:
    order, routes = ring_of(group)
    light = light_ring_of(group)
    found = [Outline([ring_gather(order, both_ways)], routes)]
    return found if light is None else [*found, Outline([ring_gather(light, both_ways)])]


def _ring_exchange(group: Group, both_ways: bool) -> Outlines:
    order, routes = ring_of(group)
    return [Outline([ring_exchange(order, both_ways)], routes)]


def _ring_broadcast(group: Group, both_ways: bool) -> Outlines:
    order, routes = ring_of(group)
    return [Outline(ring_broadcast(order, both_ways).stages, routes)]


def _line(group: Group) -> Outlines:
    return [Outline([line_gather(_path(group), 1.0 / group.size)])]


def _chain_broadcast(group: Group) -> Outlines:
    return [tree_broadcast([path_tree(_path(group), root=0)])]


def _grid(group: Group) -> NDArray[np.int32]:
    if group.lattice is None or min(group.lattice.shape) < 2:
        raise NoPlanError("row-column: the group's dies are not a whole grid of 2 x 2 or more")
    return group.lattice


def _gossip(group: Group) -> Outlines:
    found = find_gossip(group)
    share = 1.0 / (group.size * found.split)
    return [Outline([[{(a, b): share for a, b, _ in step} for step in found.steps]])]


_GATHERS: dict[str, Callable[[Group], Outlines]] = {
    "ring": lambda group: _ring(group, both_ways=False),
    "bidirectional-ring": lambda group: _ring(group, both_ways=True),
    "direct": lambda group: [direct_exchange(group)],
    "chain": _line,
    "row-column": lambda group: row_column_gather(
        _grid(group), group.size <= MOST_PIPELINED, (1, 1) if group.confined else group.spacing
    ),
    "trees": _gossip,
    "hierarchical": lambda group: [hierarchical_gather(group)],
}
_EXCHANGES: dict[str, Callable[[Group], Outlines]] = {
    "ring": lambda group: _ring_exchange(group, both_ways=False),
    "bidirectional-ring": lambda group: _ring_exchange(group, both_ways=True),
    "direct": lambda group: [direct_exchange(group)],
    "row-column": lambda group: [row_column_exchange(_grid(group))],
}
_BROADCASTS: dict[str, Callable[[Group], Outlines]] = {
    "ring": lambda group: _ring_broadcast(group, both_ways=False),
    "bidirectional-ring": lambda group: _ring_broadcast(group, both_ways=True),
    "direct": lambda group: [direct_broadcast(group)],
    "chain": _chain_broadcast,
    "trees": lambda group: [tree_broadcast(pack_trees(group, root=0))],
}
