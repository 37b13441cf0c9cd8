"""Groups of dies: their neighbours, cycles, paths, and the tours that stand in for a cycle."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tempstudio.core.collectives.group import fold_tree, group_of
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.machine import Cluster, Wafer
from tempstudio.core.routes import ring_topology
from tempstudio.core.topology import topology_of


@st.composite
def groups(draw, most=5):
    """Some dies of a wafer with faults, in any order, that can reach one another."""
    rows, cols = draw(st.integers(1, most)), draw(st.integers(2, most))
    places = [(r, c) for r in range(rows) for c in range(cols)]
    dead = draw(st.lists(st.sampled_from(places), max_size=3, unique=True))
    if len(dead) == len(places):
        dead = []
    topology = topology_of(Wafer(rows=rows, cols=cols, dead_dies=dead))
    part = topology.components[0]
    chosen = draw(st.lists(st.sampled_from(part), min_size=1, max_size=len(part), unique=True))
    whole = draw(st.booleans())
    return group_of(tuple(part if whole else chosen), topology)


@given(groups())
@settings(deadline=None)
def test_neighbours_ways_are_alive_and_share_no_link(group):
    topology = group.topology
    crossed = Counter(link for route in group.edges.values() for link in route)
    assert not crossed or max(crossed.values()) == 1
    for (i, j), route in group.edges.items():
        here = group.members[i]
        for link in route:
            assert topology.source[link] == here
            here = int(topology.target[link])
        assert here == group.members[j]


@given(groups())
@settings(deadline=None)
def test_cycles_and_paths_visit_every_member_once_over_neighbours(group):
    for order, closed in ((group.cycle, True), (group.path, False)):
        if order is not None:
            assert sorted(order) == list(range(group.size))
            steps = pairwise((*order, order[0]) if closed else order)
            assert all(step in group.edges for step in steps)


@given(groups())
@settings(deadline=None)
def test_a_tour_uses_each_directed_link_at_most_once(group):
    order, routes = group.tour
    assert sorted(order) == list(range(group.size))
    if not group.edges:
        assert routes == {}
        return
    ring = [step for step in pairwise((*order, order[0])) if step[0] != step[1]]
    crossed = Counter(link for step in ring for link in routes[step])
    assert not crossed or max(crossed.values()) == 1
    if group.confined:
        assert all(len(routes[step]) <= (2 if group.path is not None else 3) for step in ring)


@given(st.lists(st.integers(0, 1000), max_size=30))
def test_followers_in_a_folded_tree_are_at_most_three_edges_apart(choices):
    parents = {0: -1} | {k + 1: choice % (k + 1) for k, choice in enumerate(choices)}
    order = fold_tree(parents)
    assert sorted(order) == sorted(parents)

    def ancestors(node):
        way = [node]
        while parents[way[-1]] >= 0:
            way.append(parents[way[-1]])
        return way

    for a, b in pairwise((*order, order[0])):
        one, two = ancestors(a), ancestors(b)
        shared = len(set(one) & set(two))
        assert len(one) + len(two) - 2 * shared <= 3


def test_what_kind_of_group_it_is():
    wafer = topology_of(Wafer(rows=6, cols=8))
    block, stripes = group_of((0, 1, 8, 9), wafer), group_of((0, 4, 16, 20), wafer)
    scattered = group_of((0, 9, 3), wafer)
    assert block.confined and block.lattice is not None and block.cycle is not None
    assert not stripes.confined and stripes.lattice is not None and stripes.cycle is not None
    assert len(stripes.edges[0, 1]) == 4
    assert not scattered.confined and scattered.edges == {} and scattered.cycle is None
    ring = ring_topology(5, 1.0, 1.0)
    assert group_of(ring.machine.alive_ids, ring).cycle == (0, 1, 2, 3, 4)
    cluster = topology_of(Cluster(nodes=2, devices_per_node=2))
    assert group_of((0, 2, 1, 3), cluster).tour[0] == (0, 2, 1, 3)  # dies 0 1 2 3: node by node


def test_a_dead_link_inside_takes_the_grid_away_but_not_the_path():
    wafer = Wafer(rows=2, cols=3, dead_links=[((0, 1), (1, 1))])
    group = group_of(wafer.alive_ids, topology_of(wafer))
    assert group.lattice is None and group.confined
    assert group.cycle is not None  # round the outside


def test_groups_that_cannot_be():
    topology = topology_of(Wafer(rows=1, cols=4, dead_dies=[(0, 2)]))
    for members in ((), (0, 0), (0, 4)):
        with pytest.raises(InputError):
            group_of(members, topology)
    with pytest.raises(NoPlanError, match=r"die \[0, 2\] is dead"):
        group_of((0, 2), topology)
    with pytest.raises(NoPlanError, match=r"no live path from die \[0, 0\] to die \[0, 3\]"):
        group_of((0, 3), topology)
