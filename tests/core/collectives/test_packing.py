"""Packed spanning trees against the partition bound of Tutte and Nash-Williams, by enumeration."""

from __future__ import annotations

from collections import Counter

import networkx
from hypothesis import given, settings
from hypothesis import strategies as st

from tempstudio.core.collectives.packing import MOST_TREES, pack_spanning_trees


@st.composite
def connected_graphs(draw):
    size = draw(st.integers(2, 6))
    tree = {(draw(st.integers(0, k - 1)), k) for k in range(1, size)}
    pairs = [(a, b) for b in range(size) for a in range(b)]
    return sorted(tree | set(draw(st.lists(st.sampled_from(pairs))))), size


def partitions(items):
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for parts in partitions(rest):
        yield [[first], *parts]
        for k in range(len(parts)):
            yield [*parts[:k], [first, *parts[k]], *parts[k + 1 :]]


def strength(edges, size):
    """Fewest edges between the parts of a partition, for each part but one."""
    least = float("inf")
    for parts in partitions(list(range(size))):
        if len(parts) > 1:
            part = {vertex: k for k, members in enumerate(parts) for vertex in members}
            crossing = sum(part[a] != part[b] for a, b in edges)
            least = min(least, crossing / (len(parts) - 1))
    return least


@given(connected_graphs())
@settings(deadline=None)
def test_the_trees_are_as_many_as_there_can_be(graph):
    edges, size = graph
    trees, q = pack_spanning_trees(edges, size)
    for tree in trees:
        assert len(tree) == size - 1 and set(tree) <= set(edges)
        assert networkx.is_connected(networkx.Graph(tree))
    assert max(Counter(edge for tree in trees for edge in tree).values()) <= q
    limit = strength(edges, size)
    possible = [k / d for k in range(1, MOST_TREES + 1) for d in range(1, k + 1)]
    best = max(ratio for ratio in possible if ratio <= limit + 1e-9)
    assert abs(len(trees) / q - best) < 1e-9
